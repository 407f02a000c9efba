/**
 * The memory of a stack's processes, from /proc: the resident memory of each, now and at its peak. PostgreSQL's processes share
 * most of theirs, so each shared page is divided among them and the sum is given. Only Linux has /proc; elsewhere nothing is
 * measured.
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
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => numberIn(read(`/proc/${each}/status`), 'PPid') === pid);
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
