/** The activity that an open workflow keeps trying, as Temporal knows it now: newer than what any database was told. */
import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { answerWithin } from './health.ts';

export interface PendingFailure {
  /** How often it has been tried. */
  readonly attempts: number;
  readonly lastError: string;
}

/** Short: a caller waits, and can do without this answer. */
const ANSWER_LIMIT_MS = 700;

/** Of a workflow's failing activities the one tried most often; undefined if there is none, or no answer in time. */
export async function pendingFailure(client: Client, workflowId: string): Promise<PendingFailure | undefined> {
  try {
    const { status, raw } = await answerWithin(client, ANSWER_LIMIT_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    if (status.name !== 'RUNNING') return undefined;
    const [failing] = (raw.pendingActivities ?? [])
      .filter(({ lastFailure }) => lastFailure?.message)
      .sort((one, other) => (other.attempt ?? 0) - (one.attempt ?? 0));
    // The message may be encrypted.
    const { loadedDataConverter } = client.options;
    const error = await decodeOptionalFailureToOptionalError(loadedDataConverter, failing?.lastFailure);
    return error && { attempts: failing?.attempt ?? 0, lastError: error.message };
  } catch {
    return undefined;
  }
}
