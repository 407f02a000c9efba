/** Runs that were started for a body whose row was lost, while another body has come back under the same key, and so the same id. */
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { MovementMemo } from '../workflows/transfer/messages.ts';

/**
 * The error that a run with the same id is under way for another body: its row was lost, and its key has come back. The run was
 * asked to end, which leaves money and goods as the fences say; until it has ended, no other can be started.
 */
export class RunOfAnotherBody extends Error {
  override readonly name = 'RunOfAnotherBody';

  constructor(workflowId: string) {
    super(`${workflowId} is still run for a body whose row was lost`);
  }
}

/**
 * Whether a run of this id is open for this body. One for another body is asked to end, and RunOfAnotherBody thrown; one that has no
 * hash was started before it was kept, and counts as this body's.
 */
export async function isRunningFor(bodyHash: string, client: Client, workflowId: string): Promise<boolean> {
  const known = await client.workflow.getHandle(workflowId).describe();
  if (known.status.name !== 'RUNNING') return false;
  const knownFor = (known.memo as Partial<MovementMemo> | undefined)?.bodyHash;
  if (knownFor === undefined || knownFor === bodyHash) return true;
  // By its run id: a run for the right body may have followed it meanwhile.
  await cancelUnlessClosed(client.workflow.getHandle(workflowId, known.runId));
  throw new RunOfAnotherBody(workflowId);
}

/** Sends a workflow a cancel request; one that has closed needs none. */
export function cancelUnlessClosed(handle: WorkflowHandle): Promise<void> {
  return unlessClosed(handle.cancel());
}

/** Waits for a request to a run; one that has closed needs none. */
export async function unlessClosed(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
