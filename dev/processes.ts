/**
 * The identity of operating-system processes. A pid alone says nothing after a crash, because it is reused, so a process is known
 * by its pid and the time it started; only a process that matches both is ever asked to end.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessRecord {
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly started: string;
}

/** The record of a live process; undefined when there is none, or only a zombie that nobody reaped. */
export function recordOf(pid: number): ProcessRecord | undefined {
  if (process.platform !== 'linux') {
    const started = quietly(() => execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { stdio: 'pipe' }));
    return started ? { pid, started } : undefined;
  }
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`));
  if (!stat) return undefined;
  // The command's name, in parentheses, may hold spaces; state is field 3 and the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = quietly(() => readFileSync('/proc/sys/kernel/random/boot_id'));
  return { pid, started: `${boot}/${fields[19]}` };
}

export function isRunning(record: ProcessRecord): boolean {
  return recordOf(record.pid)?.started === record.started;
}

/** Whether the kernel still knows this pid, even as a zombie's: other programs take such a process for a running one. */
export function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a live process, or an empty string. */
export function commandLineOf(pid: number): string {
  return process.platform === 'linux'
    ? quietly(() => readFileSync(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ')
    : quietly(() => execFileSync('ps', ['-o', 'command=', '-p', `${pid}`], { stdio: 'pipe' }));
}

/** Longer than PostgreSQL, once told to stop immediately, waits before it kills those of its processes that have not. */
const FORCE_LIMIT_MS = 8_000;

/**
 * Asks a process to end with `signal`, and after `graceMs` ends it and its group with `force`, even if it is frozen. Returns once
 * it is gone, at the latest FORCE_LIMIT_MS after `force`. A process that does not run any more is left alone.
 */
export async function endProcess(
  record: ProcessRecord,
  signal: NodeJS.Signals,
  graceMs: number,
  force: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  if (!isRunning(record)) return;
  send(record.pid, signal);
  if (await isGoneWithin(record, graceMs)) return;
  // A frozen process acts on nothing but SIGKILL until it is thawed.
  for (const how of [force, 'SIGCONT'] as const) for (const pid of [-record.pid, record.pid]) send(pid, how);
  await isGoneWithin(record, FORCE_LIMIT_MS);
}

async function isGoneWithin(record: ProcessRecord, limitMs: number): Promise<boolean> {
  const until = Date.now() + limitMs;
  while (isRunning(record)) {
    if (Date.now() >= until) return false;
    await sleep(20);
  }
  return true;
}

/** Signals a process, or a group if `pid` is negative. A process that has just gone is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function quietly(read: () => Buffer): string {
  try {
    return read().toString().trim();
  } catch {
    return '';
  }
}
