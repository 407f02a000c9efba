/** The activity that an open workflow keeps trying, as Temporal knows it now: newer than what any database was told. */
import type { Client } from '@temporalio/client';
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
    const failing = (raw.pendingActivities ?? []).flatMap(({ attempt, lastFailure }) =>
      lastFailure?.message ? [{ attempts: attempt ?? 0, lastError: lastFailure.message }] : [],
    );
    return failing.sort((one, other) => other.attempts - one.attempts)[0];
  } catch {
    return undefined;
  }
}
