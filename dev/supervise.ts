/**
 * Runs the children of a stack under one plain rule: whatever dies is started again, at once the first
 * time and with growing pauses if it keeps dying. Children lead process groups of their own, so that
 * Ctrl-C reaches the launcher alone, which stops them in order; and they end by themselves when it is gone.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, recordOf, send, type ProcessRecord } from './processes.ts';
import { reasonOf, StackError } from './stack-error.ts';
import { spawnTethered, type Tether } from './tether.ts';

/** The signals are those by which it is stopped, whoever stops it; the limits are for when its launcher is gone. */
export interface ChildSpec extends Tether {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The launcher's own where none is given. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Where its output is appended; without one it shares the launcher's. */
  readonly logFile?: string;
  readonly stopSignal: NodeJS.Signals;
  /** Clears the way before each start. */
  readonly prepare?: () => Promise<void>;
}

export interface Supervisor {
  /** Starts a child and keeps it running until it is stopped. */
  readonly start: (spec: ChildSpec) => void;
  /** Waits until `probe` no longer throws; a StackError when one of the children keeps dying or time is up. */
  readonly untilReady: (names: readonly string[], probe: () => Promise<unknown>, limitMs: number) => Promise<void>;
  /** Stops these children, at once or after `graceMs`; they are not started again. */
  readonly stop: (names: readonly string[], graceMs: number) => Promise<void>;
  /** The children that run now, by name. */
  readonly running: () => Record<string, ProcessRecord>;
}

const RESTART_PAUSE_MIN_MS = 100;
const RESTART_PAUSE_MAX_MS = 3_000;
/** A child that ran this long has recovered: its next death counts as its first. */
const RAN_WELL_MS = 10_000;
/** So often may a child die before it was ready once, until the start is given up. */
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

/** Starts the child once and resolves, after it has ended, with how it ended. */
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

/** What a child may have started itself must not outlive it and hold its port. Says so where it may not be signalled. */
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
