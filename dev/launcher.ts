/**
 * The launcher of `npm start`: brings up the infrastructure and the services on top, tells where everything is, and stops them in
 * order when asked: first the services, which drain, then Temporal and PostgreSQL. If the launcher is killed, they end by
 * themselves, in that order.
 */
import {
  startInfrastructure,
  unlessInterrupted,
  type Infrastructure,
  type InfrastructureOptions,
  type StackAddresses,
} from './infrastructure.ts';
import { consoleLink } from './console-link.ts';
import { DRAIN_LIMIT_MS, servicesOf, type Services } from './services.ts';
import { StackError } from './stack-error.ts';
import { summarize } from './stack-summary.ts';

const READY_LIMIT_MS = 90_000;
const READY_CALL_LIMIT_MS = 3_000;
/**
 * How long the servers outlive the launcher: until services that did not drain are ended by force, and a margin longer, because
 * nobody waits for the servers.
 */
const LINGER_MS = DRAIN_LIMIT_MS + 1_000;
/** Together with DRAIN_LIMIT_MS below ten seconds, within which a launcher that was asked to stop should be gone. */
const SERVERS_STOP_LIMIT_MS = 2_800;
/** One Ctrl-C arrives twice, from the terminal and forwarded by npm; only a later one asks to stop at once. */
const SAME_REQUEST_MS = 500;

export interface LaunchOptions extends Omit<InfrastructureOptions, 'interrupt' | 'lingerMs'> {
  readonly separate: boolean;
  /** Whether commands find this stack without being told its data directory. */
  readonly isOnUsualDataDir: boolean;
  /** Prints the summary. */
  readonly say: (text: string) => void;
}

/** Runs a stack until it is asked to stop; returns then, with nothing left running. */
export async function launch(options: LaunchOptions): Promise<void> {
  const startedAtMs = Date.now();
  const interrupt = new AbortController();
  let stopAtOnce: (() => void) | undefined;
  let askedAtMs: number | undefined;
  const ask = (): void => {
    askedAtMs ??= Date.now();
    if (Date.now() - askedAtMs > SAME_REQUEST_MS) stopAtOnce?.();
    interrupt.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);

  let infrastructure: Infrastructure;
  try {
    infrastructure = await startInfrastructure({
      ...options,
      lingerMs: LINGER_MS,
      interrupt: interrupt.signal,
    });
  } catch (error) {
    if (interrupt.signal.aborted) return;
    throw error;
  }
  const { supervisor } = infrastructure;
  const services = servicesOf(infrastructure, options.separate, options.environment);
  const names = services.children.map(({ name }) => name);
  stopAtOnce = (): void => void supervisor.stop([...names, 'temporal', 'postgres'], 0);
  try {
    await unlessInterrupted(interrupt.signal, startServices(infrastructure, services, options));
    const { dataDir, temporal, databases } = infrastructure;
    const places = { ...addressesOf(services), temporal, databases, dataDir };
    const { isOnUsualDataDir } = options;
    // A stop that is asked for meanwhile must not pass unseen: nothing below would hear of it.
    const consoleUrl = await unlessInterrupted(interrupt.signal, consoleLink(services.api, dataDir));
    options.say(summarize({ ...places, isOnUsualDataDir, consoleUrl, tookMs: Date.now() - startedAtMs }));
    await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve, { once: true }));
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    if (interrupt.signal.aborted) options.progress.note('Stopping: services drain, then Temporal and PostgreSQL stop.');
    await supervisor.stop(names, DRAIN_LIMIT_MS);
    await infrastructure.stop(SERVERS_STOP_LIMIT_MS);
  }
  options.progress.note('Stopped. All state is kept; npm start continues from here.');
}

async function startServices(
  infrastructure: Infrastructure,
  services: Services,
  options: LaunchOptions,
): Promise<void> {
  const { supervisor } = infrastructure;
  const step = options.progress.begin('Services');
  // First, so that stack.json is there, and names a service, before that service can say that it is ready.
  infrastructure.describe(addressesOf(services));
  for (const child of services.children) supervisor.start(child);
  const isReady = async (): Promise<void> => {
    const response = await fetch(`${services.api}/health/ready`, { signal: AbortSignal.timeout(READY_CALL_LIMIT_MS) });
    if (!response.ok) throw new StackError(`GET /health/ready answers ${response.status}: ${await response.text()}`);
  };
  try {
    await supervisor.untilReady(
      services.children.map(({ name }) => name),
      isReady,
      READY_LIMIT_MS,
    );
  } catch (error) {
    step.fail();
    throw error;
  }
  step.done(services.children.map(({ name }) => name).join(', '));
}

function addressesOf({ api, walletApi, internal, metrics }: Services): StackAddresses {
  return {
    api,
    ...(walletApi === undefined ? {} : { wallet_api: walletApi }),
    ...(internal === undefined ? {} : { internal }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}
