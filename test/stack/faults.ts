// Kills and freezes processes of a stack, by the pids of stack.json. The code that freezes a process must thaw it. A process that
// the launcher has started again has another pid.

import { freezeProcess } from '../../dev/freeze.ts';
import { send } from '../../dev/processes.ts';
import { until, type TestStack } from './stack.ts';

const RESPAWN_LIMIT_MS = 120_000;

/** Kills the process, and returns once the launcher has started another one in its place. */
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

/** Freezes a process and its children: connections stay open, and nothing answers. Returns the function that thaws them. */
export async function freeze(stack: TestStack, name: string): Promise<() => void> {
  const pid = stack.process(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  return freezeProcess(pid);
}
