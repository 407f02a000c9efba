/** The build's own migration, of the stack's databases or of others beside them. */
import { join } from 'node:path';
import { runTethered } from '../dev/tether.ts';
import { administratorEnvironmentOf } from './spare-worker.ts';
import type { Stack } from './stack.ts';

/** `databases` are administrator URLs. Throws what it has said unless it went through. */
export function migrate(
  stack: Stack,
  databases: Readonly<Record<string, string>> = stack.file().databases,
  limits: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  return runTethered(process.execPath, [join(stack.build.directory, 'commands/migrate.ts')], {
    env: administratorEnvironmentOf(stack, databases),
    ...limits,
  });
}
