/**
 * The refusal of tasks of another installation, by the id in an activity's input. A worker whose connection was led to another
 * installation's Temporal server must not move that installation's money in its own databases, not even until it notices. Nor may a
 * workflow that a stray process started on this server move this installation's money.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { InstallationId } from '../domain/ids.ts';
import type { NamespaceBinding } from '../temporal/namespace-binding.ts';

export function refuseForeignTasks(
  own: InstallationId,
  binding: Pick<NamespaceBinding, 'verify'>,
): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        const installationId = installationOf(input.args[0]);
        if (installationId === undefined || installationId === own) return next(input);
        // If this worker is the stranger, this throws: the task is tried again, and a worker of its own installation does it.
        await binding.verify();
        throw ApplicationFailure.nonRetryable(
          `it was started for installation ${installationId}, and this namespace belongs to ${own}`,
          'foreign_workflow',
        );
      },
    },
  };
}

/** The installation id in an activity's input; undefined in workflows that were started before inputs had one. */
function installationOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('installationId' in input)) return undefined;
  return input.installationId as string | undefined;
}
