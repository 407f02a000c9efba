// What tests do to the processes of a stack: kill and freeze them by the pids of stack.json. Whoever freezes thaws;
// a process that the launcher starts again is told from the one before it by its pid.

import { freezeProcess } from '../../dev/freeze.ts';
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
  return freezeProcess(pid);
}
