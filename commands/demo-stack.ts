/**
 * The stack that a demo brings up for itself: PostgreSQL, Temporal and every service, in a folder of its own in DATA_DIR, apart from a
 * stack that runs on DATA_DIR. Its faults get out to nobody.
 */
import type { WalletActivities } from '../activities/wallet/wallet.ts';
import { readSettings, type Settings } from '../process/config.ts';
import { cacheDirectory } from '../dev/cache.ts';
import { startInfrastructure, unlessInterrupted, type Infrastructure } from '../dev/infrastructure.ts';
import type { Progress } from '../dev/progress.ts';
import { quoted } from '../dev/stack-summary.ts';
import type { RunningService } from '../process/run-service.ts';
import { createLogger } from '../process/telemetry.ts';
import { ownDataDirectory, ownEnvironment } from './own-environment.ts';
import { startEverything } from './serve.ts';

export interface DemoStack {
  readonly api: string;
  readonly infrastructure: Infrastructure;
  readonly settings: Settings;
}

export interface DemoOptions {
  /** Its folder in DATA_DIR. */
  readonly name: 'demo' | 'demo-orders';
  /** Settings besides those of every demo. */
  readonly settings: Readonly<Record<string, string>>;
  readonly wrap?: (activities: WalletActivities) => WalletActivities;
  /** Whether everything stays up until the interrupt. */
  readonly stays: boolean;
  readonly progress: Progress;
  readonly interrupt: AbortSignal;
}

const STOP_LIMIT_MS = 3_000;

/** Runs `work` on a stack of its own and stops it. `show` is called with the result, and with what to say about the stack's end. */
export async function onDemoStack<Result>(
  { name, settings: wanted, wrap, stays, progress, interrupt }: DemoOptions,
  work: (stack: DemoStack) => Promise<Result>,
  show: (result: Result, farewell: string) => void,
): Promise<Result> {
  const environment = { ...ownEnvironment(), DATA_DIR: ownDataDirectory(name) };
  const given = readSettings(environment);
  const infrastructure = await startInfrastructure({
    dataDir: given.DATA_DIR,
    cacheDir: cacheDirectory(given.XDG_CACHE_HOME),
    // Any that are free: the usual ones, and those that are set, are for a stack that runs beside the demo.
    ports: { api: 0, postgres: 0, temporal: 0, temporalUi: 0 },
    temporalAddress: undefined,
    temporalNamespace: given.TEMPORAL_NAMESPACE,
    environment,
    progress,
    interrupt,
  });
  let service: RunningService | undefined;
  try {
    const settings = readSettings({
      ...infrastructure.settings,
      PORT: `${infrastructure.ports.api}`,
      DISPATCH: given.DISPATCH,
      LOG_LEVEL: 'silent',
      ...wanted,
    });
    const api = `http://127.0.0.1:${infrastructure.ports.api}`;
    infrastructure.describe({ api }, { app: process.pid });
    service = await startEverything(settings, createLogger(settings, 'demo'), wrap);
    const done = Promise.race([work({ api, infrastructure, settings }), service.failed!]);
    const result = await unlessInterrupted(interrupt, done);
    show(result, stays ? 'It stays up until you press Ctrl-C.' : stoppedText(name, given.DATA_DIR));
    if (stays && !interrupt.aborted)
      await new Promise((resolve) => interrupt.addEventListener('abort', resolve, { once: true }));
    return result;
  } finally {
    await service?.stop();
    await infrastructure.stop(STOP_LIMIT_MS);
  }
}

/** The link to a workflow of the stack in the Temporal Web UI. */
export function workflowLink({ infrastructure }: DemoStack, workflowId: string): string {
  const { ui, namespace } = infrastructure.temporal;
  return `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

function stoppedText(name: DemoOptions['name'], dataDir: string): string {
  const command = name === 'demo' ? 'demo' : 'demo:orders';
  return [
    'The demo is over, and what it had started stops. The link works again, unless its port is taken, after',
    `  DATA_DIR=${quoted(dataDir)} npm start`,
    `and npm run ${command} -- --stay stays up until Ctrl-C.`,
  ].join('\n');
}
