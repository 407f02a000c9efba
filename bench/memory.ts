/**
 * The memory and the CPU time of a stack's processes, from /proc: the resident memory of each, now and at its peak. PostgreSQL's
 * processes share most of theirs, so each shared page is divided among them and the sum is given. Only Linux has /proc; elsewhere
 * nothing is measured.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface Memory {
  readonly residentMb: number;
  /** The peak since the process began; unknown for PostgreSQL. */
  readonly peakMb?: number;
}

const KB_PER_MB = 1_024;

/** The memory of one process. */
export function memoryOf(pid: number): Memory | undefined {
  const status = read(`/proc/${pid}/status`);
  const [residentMb, peakMb] = [megabytes(status, 'VmRSS'), megabytes(status, 'VmHWM')];
  return residentMb === undefined || peakMb === undefined ? undefined : { residentMb, peakMb };
}

/** The memory of a process and its children together. */
export function sharedMemoryOf(pid: number): Memory | undefined {
  const sizes = [pid, ...childrenOf(pid)].map((each) => megabytes(read(`/proc/${each}/smaps_rollup`), 'Pss'));
  const known = sizes.filter((size) => size !== undefined);
  return known.length === 0 ? undefined : { residentMb: known.reduce((all, size) => all + size, 0) };
}

function childrenOf(pid: number): number[] {
  return processes().filter((each) => numberIn(read(`/proc/${each}/status`), 'PPid') === pid);
}

function processes(): number[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The time that Linux tells of in /proc is in hundredths of a second, on every machine (man 5 proc, USER_HZ). */
const TICK_MS = 10;

/** The CPU time that a process and all who come from it have taken so far, in ms, those that have ended included. */
export function cpuMsOf(pid: number): number {
  const stats = new Map(processes().map((each) => [each, statOf(each)]));
  const sumOf = (each: number): number => {
    const own = stats.get(each);
    if (own === undefined) return 0;
    const children = [...stats].filter(([, stat]) => stat?.parent === each).map(([child]) => sumOf(child));
    return own.ticks + children.reduce((sum, ticks) => sum + ticks, 0);
  };
  return sumOf(pid) * TICK_MS;
}

function statOf(pid: number): { readonly parent: number; readonly ticks: number } | undefined {
  // After the name, which is in brackets and may have blanks: state, parent, and from the twelfth on utime, stime, cutime, cstime.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ');
  if (fields.length < 15) return undefined;
  return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) };
}

function megabytes(text: string, field: string): number | undefined {
  const kilobytes = numberIn(text, field);
  return kilobytes === undefined ? undefined : kilobytes / KB_PER_MB;
}

function numberIn(text: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text);
  return found === null ? undefined : Number(found[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
