// All running processes of a stack, recorded or not: those whose environment names the stack's data directory or a directory above
// it.

import { execFileSync } from 'node:child_process';
import { until } from './stack.ts';

export interface Remains {
  readonly pid: number;
  /** The command line, followed by the environment. */
  readonly text: string;
}

/** Longer than the drain of services, the stop of servers, and the forced end of a process together. */
const LEFT_LIMIT_MS = 120_000;

export function remainsOf(directory: string): Remains[] {
  const withEnvironment = process.platform === 'darwin' ? 'axEww' : 'axeww';
  const lines = execFileSync('ps', [withEnvironment, '-o', 'pid=,args='], { maxBuffer: 64 * 2 ** 20 })
    .toString()
    .split('\n');
  return lines
    .filter((line) => line.includes(`DATA_DIR=${directory}`))
    .map((line) => ({ pid: Number.parseInt(line, 10), text: line.trim() }));
}

export function untilNothingRemains(directory: string): Promise<void> {
  return until(LEFT_LIMIT_MS, `something of ${directory} still runs`, () => {
    const [first] = remainsOf(directory);
    if (first !== undefined) throw new Error(`${first.pid}: ${first.text.slice(0, 300)}`);
    return true;
  });
}
