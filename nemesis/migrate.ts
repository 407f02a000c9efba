/** The build's own migration, of the stack's databases or of others beside them. */
import { join } from 'node:path';
import { stackSettings, type DatabaseUrls } from '../dev/stack-settings.ts';
import { runTethered } from '../dev/tether.ts';
import type { Stack } from './stack.ts';

/** `databases` are administrator URLs. Throws what it has said unless it went through. */
export function migrate(
  stack: Stack,
  databases?: DatabaseUrls,
  limits: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  return runTethered(process.execPath, [join(stack.build.directory, 'commands/migrate.ts')], {
    env: stackSettings(stack, databases),
    ...limits,
  });
}
