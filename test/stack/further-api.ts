// A process of the API that listens on the port of a stack's own, beside it.

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stackSettings } from '../../dev/stack-settings.ts';
import { spawnTethered } from '../../dev/tether.ts';
import { freePort } from './free-port.ts';
import { until, type TestStack } from './stack.ts';

export interface FurtherApi {
  readonly process: ChildProcess;
  /** How many requests it has answered. */
  readonly answered: () => Promise<number>;
}

const LIMIT_MS = 60_000;

/** Starts it on a stack that was started with REUSE_PORT=on, and returns once it has answered. */
export async function startFurtherApi(stack: TestStack): Promise<FurtherApi> {
  const metricsPort = await freePort();
  const child = spawnTethered(process.execPath, [fileURLToPath(new URL('../../api/server.ts', import.meta.url))], {
    env: {
      PATH: process.env['PATH'],
      ...stackSettings(stack),
      PORT: new URL(stack.api).port,
      REUSE_PORT: 'on',
      METRICS_PORT: `${metricsPort}`,
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const answered = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const counts = text.matchAll(/^http_requests_total\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  await until(LIMIT_MS, 'the further API does not answer', async () => {
    if (child.exitCode !== null) throw new Error(`the further API has ended with ${child.exitCode}`);
    await fetch(`${stack.api}/health`, { headers: { connection: 'close' } });
    return (await answered().catch(() => 0)) > 0;
  });
  return { process: child, answered };
}
