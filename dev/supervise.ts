/**
 * The supervisor of a stack's children, with one plain rule: a child that dies is started again, almost at once the first time,
 * and after growing pauses if it keeps dying. Children lead process groups of their own, so that Ctrl-C reaches only the
 * launcher, which stops them in order; when the launcher is gone, they end by themselves.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, recordOf, send, type ProcessRecord } from './processes.ts';
import { reasonOf, StackError } from './stack-error.ts';
import { spawnTethered, type Tether } from './tether.ts';

/** A child to supervise. Its signals are those that stop it, whoever stops it; its limits are for when its launcher is gone. */
export interface ChildSpec extends Tether {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The launcher's own by default. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The file to which its output is appended; without one it shares the launcher's output. */
  readonly logFile?: string;
  readonly stopSignal: NodeJS.Signals;
  /** Clears the way before each start. */
  readonly prepare?: () => Promise<void>;
}

export interface Supervisor {
  /** Starts a child and keeps it running until it is stopped. */
  readonly start: (spec: ChildSpec) => void;
  /**
   * Waits until `probe` no longer throws. Throws a StackError if one of the children keeps dying or is stopped, or time is up.
   */
  readonly untilReady: (names: readonly string[], probe: () => Promise<unknown>, limitMs: number) => Promise<void>;
  /** Stops these children, by force after `graceMs`; they are not started again. */
  readonly stop: (names: readonly string[], graceMs: number) => Promise<void>;
  /** The children that run now, by name. */
  readonly running: () => Record<string, ProcessRecord>;
}

const RESTART_PAUSE_MIN_MS = 100;
const RESTART_PAUSE_MAX_MS = 3_000;
/** A child that ran this long has recovered: its next death counts as its first. */
const RAN_WELL_MS = 10_000;
/** How often a child may die before it was ready once; then the start is given up. */
const DEATHS_BEFORE_READY_MAX = 3;
const LOG_BYTES_MAX = 32 * 1024 * 1024;

interface Child {
  readonly spec: ChildSpec;
  record: ProcessRecord | undefined;
  deaths: number;
  /** How it died last. */
  lastEnd: string | undefined;
  stopping: boolean;
}

/** `changed` is called whenever a pid comes or goes, `died` with a sentence about each unwanted end. */
export function supervise(changed: () => void, died: (sentence: string) => void): Supervisor {
  const children = new Map<string, Child>();

  async function keepRunning(child: Child): Promise<void> {
    let pauseMs = RESTART_PAUSE_MIN_MS;
    while (!child.stopping) {
      const startedAtMs = Date.now();
      const end = await runOnce(child, changed);
      if (child.stopping) return;
      child.deaths += 1;
      child.lastEnd = end;
      if (Date.now() - startedAtMs >= RAN_WELL_MS) pauseMs = RESTART_PAUSE_MIN_MS;
      died(`${child.spec.name} ended (${end}); it is started again in ${pauseMs / 1000} s`);
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, RESTART_PAUSE_MAX_MS);
    }
  }

  return {
    start(spec) {
      const child: Child = { spec, record: undefined, deaths: 0, lastEnd: undefined, stopping: false };
      children.set(spec.name, child);
      void keepRunning(child);
    },

    async untilReady(names, probe, limitMs) {
      const awaited = names.map((name) => children.get(name)!);
      const until = Date.now() + limitMs;
      for (;;) {
        const failure = await probe().then(() => undefined, reasonOf);
        if (failure === undefined) return;
        if (awaited.some(({ stopping }) => stopping)) throw new StackError('Stopped before it was ready.');
        const dying = awaited.find(({ deaths }) => deaths >= DEATHS_BEFORE_READY_MAX);
        if (dying)
          throw new StackError(`${dying.spec.name} does not stay up (${dying.lastEnd}).${tailOf(dying.spec.logFile)}`);
        if (Date.now() > until) {
          const logs = awaited.map(({ spec }) => tailOf(spec.logFile)).join('');
          throw new StackError(`${names.join(', ')}: not ready after ${limitMs / 1000} s (${failure}).${logs}`);
        }
        await sleep(50);
      }
    },

    async stop(names, graceMs) {
      await Promise.all(
        names.map(async (name) => {
          const child = children.get(name);
          if (!child) return;
          child.stopping = true;
          const { stopSignal, forceSignal } = child.spec;
          if (child.record) await endProcess(child.record, stopSignal, graceMs, forceSignal);
          children.delete(name);
        }),
      );
      changed();
    },

    running: () => Object.fromEntries([...children].flatMap(([name, { record }]) => (record ? [[name, record]] : []))),
  };
}

/** Starts the child once and returns, after it has ended, how it ended. */
async function runOnce(child: Child, changed: () => void): Promise<string> {
  let started: ChildProcess;
  try {
    await child.spec.prepare?.();
    if (child.stopping) return 'stopped';
    started = spawnChild(child.spec);
  } catch (error) {
    return reasonOf(error);
  }
  child.record = started.pid === undefined ? undefined : recordOf(started.pid);
  changed();
  const end = await new Promise<string>((resolve) => {
    started.once('error', (error) => resolve(error.message));
    started.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const leftBehind = started.pid === undefined ? '' : endGroup(started.pid);
  child.record = undefined;
  changed();
  return end + leftBehind;
}

/**
 * Ends the child's group: a process that the child has started must not outlive it and hold its port. Returns a remark if the
 * group may not be signaled, else an empty text.
 */
function endGroup(pid: number): string {
  try {
    send(-pid, 'SIGKILL');
    return '';
  } catch (error) {
    return `, and what it may have left behind could not be ended: ${reasonOf(error)}`;
  }
}

function spawnChild(spec: ChildSpec): ChildProcess {
  const output = spec.logFile === undefined ? 'inherit' : openLog(spec.logFile);
  const environment = spec.environment && { env: spec.environment };
  try {
    return spawnTethered(
      spec.command,
      spec.args,
      { ...environment, ...spec.user, stdio: ['ignore', output, output] },
      spec,
    );
  } finally {
    if (typeof output === 'number') closeSync(output);
  }
}

function openLog(file: string): number {
  const log = openSync(file, 'a', 0o600);
  if (statSync(file).size > LOG_BYTES_MAX) truncateSync(file);
  return log;
}

function tailOf(logFile: string | undefined): string {
  // A child that could not even be prepared or spawned has written none.
  if (logFile === undefined || !existsSync(logFile)) return '';
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12);
  return ` The end of ${logFile}:\n${lines.map((line) => `    ${line}`).join('\n')}`;
}
