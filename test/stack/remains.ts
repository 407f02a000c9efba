// Everything that runs of a stack, recorded or not: each process whose environment names the stack's data directory, or a
// directory above it.

import { execFileSync } from 'node:child_process';
import { until } from './stack.ts';

export interface Remains {
  readonly pid: number;
  /** Its command line, followed by its environment. */
  readonly text: string;
}

/** Longer than services drain, servers stop, and one that does not is ended by force. */
const LEFT_LIMIT_MS = 90_000;

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
