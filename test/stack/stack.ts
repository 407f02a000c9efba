/**
 * A real stack for tests: commands/start.ts with a data directory of its own on free ports, so that test files can run side by
 * side. No process of it outlives the test run: processes that are left when the test's process exits are killed by their recorded
 * pids, and if the test's process is killed, they stop by themselves.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readApiKey } from '../../dev/api-key-file.ts';
import { killRecorded } from '../../dev/kill-recorded.ts';
import { hasEnded, LAUNCHER_TETHER, launchStack, until, untilStarted } from '../../dev/launched-stack.ts';
import { send } from '../../dev/processes.ts';
import { readStackFile, type StackFile } from '../../dev/stack-file.ts';
import { spawnTethered } from '../../dev/tether.ts';
import type { Build } from '../../nemesis/build.ts';

export { until };

export interface TestStackOptions {
  readonly separate?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** A build whose commands/start.ts is run instead of this version's. */
  readonly build?: Pick<Build, 'directory'> | undefined;
}

export interface TestStack {
  /** Base URL of the transfer API; stays the same over restarts. */
  readonly api: string;
  readonly dataDir: string;
  /** The header with the root key. */
  readonly authorization: Record<string, string>;
  /** The file with all output of the launcher and the services. */
  readonly logFile: string;
  /** stack.json as it is now. */
  readonly file: () => StackFile;
  /** The pid of a process by its name in stack.json; undefined while it is down. */
  readonly process: (name: string) => number | undefined;
  readonly kill: (name: string, signal: NodeJS.Signals) => void;
  /** Kills the launcher and everything that it has started, with SIGKILL. */
  readonly killAll: () => Promise<void>;
  /** Starts the stack again on the same data after it was stopped or killed, from the same build or from this version. */
  readonly start: (how?: 'as before' | 'by this version') => Promise<void>;
  /** Returns once GET /health/ready answers 200. */
  readonly waitUntilReady: (limitMs?: number) => Promise<void>;
  /** Asks the launcher to stop, and resolves with its exit code. The data stays. */
  readonly stop: () => Promise<number | null>;
  /** Stops the stack, if it still runs, and removes its data. */
  readonly remove: () => Promise<void>;
}

const START_LIMIT_MS = 180_000;
const READY_LIMIT_MS = 120_000;
const EXIT_LIMIT_MS = 60_000;

/** Starts a stack, and returns once it is ready. */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
  const logFile = join(dataDir, 'launcher.log');
  let launcher = runLauncher(dataDir, logFile, options);
  const end = (): void => {
    killRecorded(dataDir);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  onExit(end);

  const stack: TestStack = {
    get api() {
      return stack.file().api;
    },
    dataDir,
    get authorization(): Record<string, string> {
      return { authorization: `Bearer ${readApiKey(dataDir)}` };
    },
    logFile,
    file: () => readStackFile(dataDir),
    process: (name) => stack.file().processes[name],
    kill(name, signal) {
      const pid = stack.process(name);
      if (pid === undefined) throw new Error(`${name} does not run`);
      send(pid, signal);
    },
    async killAll() {
      const exited = exitOf(launcher);
      killRecorded(dataDir);
      await exited;
    },
    async start(how = 'as before') {
      launcher = runLauncher(dataDir, logFile, how === 'as before' ? options : { ...options, build: undefined });
      await untilStarted(launcher, { dataDir, logFile }, START_LIMIT_MS);
    },
    async waitUntilReady(limitMs = READY_LIMIT_MS) {
      await until(limitMs, `${dataDir} is not ready`, async () => {
        const response = await fetch(`${stack.api}/health/ready`, { signal: AbortSignal.timeout(3_000) });
        return response.ok;
      });
    },
    async stop() {
      const exited = exitOf(launcher);
      launcher.kill('SIGTERM');
      return exited;
    },
    async remove() {
      try {
        await stack.stop();
      } finally {
        end();
        exitHooks.delete(end);
      }
    },
  };
  try {
    await untilStarted(launcher, { dataDir, logFile }, START_LIMIT_MS);
  } catch (error) {
    end();
    throw error;
  }
  return stack;
}

/** Runs commands/start.ts to its end, for starts that must be refused: some of them once the servers are up. */
export async function refusedStart(
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] } as const;
  const child = spawnTethered(process.execPath, [startCommand()], options, LAUNCHER_TETHER);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { code: await exitOf(child, START_LIMIT_MS), output };
}

function runLauncher(dataDir: string, logFile: string, { separate, env, build }: TestStackOptions): ChildProcess {
  const flags = separate ? ['--separate'] : [];
  const command = build === undefined ? startCommand() : join(build.directory, 'commands/start.ts');
  return launchStack({ command, flags, dataDir, logFile, inherited: process.env, settings: env });
}

async function exitOf(child: ChildProcess, limitMs = EXIT_LIMIT_MS): Promise<number | null> {
  if (hasEnded(child)) return child.exitCode;
  const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(limitMs) })) as [number | null];
  return code;
}

const exitHooks = new Set<() => void>();
let areExitHooksSet = false;

function onExit(hook: () => void): void {
  exitHooks.add(hook);
  if (areExitHooksSet) return;
  areExitHooksSet = true;
  process.once('exit', () => exitHooks.forEach((each) => each()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}

function startCommand(): string {
  return fileURLToPath(new URL('../../commands/start.ts', import.meta.url));
}
