/**
 * A stack of its own beside others, launched by commands/start.ts as a child process: on ports that nobody uses, awaited until it
 * is ready, and stopped when its owner is gone.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStackFile, stackFilePath } from './stack-file.ts';
import { spawnTethered, type Tether } from './tether.ts';

export const ANY_PORT = {
  PORT: '0',
  WALLET_API_PORT: '0',
  POSTGRES_PORT: '0',
  TEMPORAL_PORT: '0',
  TEMPORAL_UI_PORT: '0',
  METRICS_PORT: '0',
};

export interface Launch {
  /** The file of commands/start.ts. */
  readonly command: string;
  readonly flags: readonly string[];
  readonly dataDir: string;
  /** The file to which everything that the launcher and the services print is appended. */
  readonly logFile: string;
  readonly inherited: NodeJS.ProcessEnv;
  /** Settings that override the inherited ones and ANY_PORT. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string;
}

const READY_CALL_LIMIT_MS = 3_000;

/** A launcher that is asked to stop does so within ten seconds; a launcher that is ended by force takes its children with it. */
export const LAUNCHER_TETHER: Tether = { stopSignal: 'SIGTERM', graceMs: 15_000 };

/** Starts the launcher in a process group of its own, which Ctrl-C does not reach. */
export function launchStack({ command, flags, dataDir, logFile, inherited, settings, cwd }: Launch): ChildProcess {
  const log = openSync(logFile, 'a');
  const env = { ...inherited, LOG_FORMAT: 'json', ...ANY_PORT, ...settings, DATA_DIR: dataDir };
  const options = { cwd, env, stdio: ['ignore', log, log] } as const;
  const launcher = spawnTethered(process.execPath, [command, ...flags], options, LAUNCHER_TETHER);
  closeSync(log);
  return launcher;
}

/** Returns once the stack is ready; throws an error with its output if its launcher ends first, and one after `limitMs`. */
export async function untilStarted(
  launcher: ChildProcess,
  { dataDir, logFile }: Pick<Launch, 'dataDir' | 'logFile'>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const isOver = async (): Promise<boolean> => hasEnded(launcher) || isUp(launcher, dataDir);
  await until(limitMs, `the stack on ${dataDir} did not start`, isOver, signal);
  if (hasEnded(launcher)) throw new Error(`The stack did not start. Its output:\n${readFileSync(logFile, 'utf8')}`);
}

/** Whether the stack on `dataDir` is this launcher's and ready; returns within three seconds. */
export async function isUp(launcher: ChildProcess, dataDir: string): Promise<boolean> {
  if (!existsSync(stackFilePath(dataDir))) return false;
  const { api, processes } = readStackFile(dataDir);
  if (processes['launcher'] !== launcher.pid) return false;
  const ready = fetch(`${api}/health/ready`, { signal: AbortSignal.timeout(READY_CALL_LIMIT_MS) });
  return ready.then(
    ({ ok }) => ok,
    () => false,
  );
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Polls until `isSo` holds; an error it throws counts as no. */
export async function until(
  limitMs: number,
  otherwise: string,
  isSo: () => Promise<boolean> | boolean,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    let last: unknown;
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${otherwise}, after ${limitMs / 1000} s`, { cause: last });
    await sleep(50, undefined, { signal });
  }
}
