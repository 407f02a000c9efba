// What tests do to the processes of a stack: kill, freeze and thaw them by the pids of stack.json. Whoever freezes thaws;
// a process that the launcher starts again is told from the one before it by its pid.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { send } from '../../dev/processes.ts';
import { until, type TestStack } from './stack.ts';

const RESPAWN_LIMIT_MS = 30_000;

/** Kills the process and returns once the launcher has started another in its place. */
export async function killAndAwaitNext(
  stack: TestStack,
  name: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  const pid = stack.process(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  send(pid, signal);
  await until(RESPAWN_LIMIT_MS, `${name} did not come back`, () => ![pid, undefined].includes(stack.process(name)));
}

/** Stops a process and its children where they are: connections stay open, and nothing answers. Returns the thaw. */
export async function freeze(stack: TestStack, name: string): Promise<() => void> {
  const pid = stack.process(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  const all = execFileSync('ps', ['-eo', 'pid=,ppid='])
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid, ...all.flatMap(([child, parent]) => (parent === pid ? [child!] : []))];
  for (const each of family) send(each, 'SIGSTOP');
  if (process.platform === 'linux') await until(5_000, `${name} still runs`, () => family.every(hasStopped));
  return () => {
    for (const each of family.toReversed()) send(each, 'SIGCONT');
  };
}

/** Stopped, in every thread, or gone. */
export function hasStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return ['T', 't', 'Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0]!);
  } catch {
    return true;
  }
}
