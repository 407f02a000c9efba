/**
 * The time that `npm start` takes until the stack is ready: cold, on a new data directory, and warm, on the same one again; and the
 * memory of its processes before the first request. The binaries and the workflow bundle are in the cache, as after the very first
 * start.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ANY_PORT, hasEnded, isUp, LAUNCHER_TETHER } from '../dev/launched-stack.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { spawnTethered } from '../dev/tether.ts';
import { benchEnvironment } from './bench-stack.ts';
import { memoryOf, sharedMemoryOf, type Memory } from './memory.ts';
import type { Plan } from './plan.ts';
import { spreadOf, type Spread } from './turns.ts';

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 20;
/** The time until the garbage of a start is collected: V8 does it some ten to fifteen seconds after it. */
const IDLE_MS = 30_000;

export interface Starts {
  readonly coldSeconds: Spread;
  readonly warmSeconds: Spread;
  /** The memory of the idle processes, by their names. */
  readonly idle: Readonly<Record<string, Memory>>;
  /** The same with each API and each worker as a process of its own. */
  readonly idleSeparate: Readonly<Record<string, Memory>>;
}

/** `directory` must not exist yet, and is removed afterwards. */
export async function measureStarts(
  directory: string,
  { times, separate }: Plan['starts'],
  interrupt: AbortSignal,
): Promise<Starts> {
  const [cold, warm]: [number[], number[]] = [[], []];
  const idleMemory = async (): Promise<Record<string, Memory>> => {
    await sleep(IDLE_MS, undefined, { signal: interrupt });
    return memoryOfStack(directory);
  };
  let [idle, idleSeparate]: Record<string, Memory>[] = [{}, {}];
  for (let n = 0; n < times; n += 1) {
    try {
      await whileRunning(directory, [], interrupt, async (seconds) => void cold.push(seconds));
      await whileRunning(directory, [], interrupt, async (seconds) => {
        warm.push(seconds);
        if (n === 0) idle = await idleMemory();
      });
      if (n === 0 && separate)
        await whileRunning(directory, ['--separate'], interrupt, async () => {
          idleSeparate = await idleMemory();
        });
    } finally {
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    }
  }
  return { coldSeconds: spreadOf(cold), warmSeconds: spreadOf(warm), idle: idle!, idleSeparate: idleSeparate! };
}

/** Starts a stack, does the work, and stops the stack; returns how long the start took. */
async function whileRunning(
  directory: string,
  flags: readonly string[],
  interrupt: AbortSignal,
  use: (tookSeconds: number) => Promise<void>,
): Promise<void> {
  const command = fileURLToPath(new URL('../commands/start.ts', import.meta.url));
  const startedAt = performance.now();
  const env = { ...benchEnvironment(), ...ANY_PORT, LOG_LEVEL: 'warn', DATA_DIR: directory };
  const options = { env, stdio: ['ignore', 'ignore', 'ignore'] } as const;
  const launcher = spawnTethered(process.execPath, [command, ...flags], options, LAUNCHER_TETHER);
  try {
    while (!(await isUp(launcher, directory))) {
      if (launcher.exitCode !== null) throw new Error(`npm start ended with exit code ${launcher.exitCode}`);
      if (performance.now() > startedAt + START_LIMIT_MS) throw new Error('npm start did not get ready');
      await sleep(LOOK_EVERY_MS, undefined, { signal: interrupt });
    }
    await use((performance.now() - startedAt) / 1_000);
  } finally {
    await ended(launcher);
  }
}

async function ended(launcher: ChildProcess): Promise<void> {
  if (hasEnded(launcher)) return;
  launcher.kill('SIGTERM');
  await once(launcher, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
}

function memoryOfStack(directory: string): Record<string, Memory> {
  const { processes } = readStackFile(directory);
  const each = Object.entries(processes).map(([name, pid]): [string, Memory | undefined] => [
    name,
    name === 'postgres' ? sharedMemoryOf(pid) : memoryOf(pid),
  ]);
  return Object.fromEntries(each.filter((entry): entry is [string, Memory] => entry[1] !== undefined));
}
