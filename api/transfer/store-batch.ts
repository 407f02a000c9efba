/** The storing of a batch, and the refusal of one that needs approvals in more than one currency. */
import { acceptBatch, SeveralPolicies, type BatchAcceptance } from '../../db/transfer/batch-acceptance.ts';
import type { TransferBatch } from '../../db/transfer/batch-queries.ts';
import type { Database } from '../../db/database.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { ProblemError } from '../http/problem.ts';

export function storing(batchDatabase: Database) {
  return (asked: BatchAcceptance, trace: TraceContext): Promise<TransferBatch | undefined> =>
    acceptBatch(batchDatabase, asked, trace).catch((error: unknown) => {
      if (!(error instanceof SeveralPolicies)) throw error;
      throw new ProblemError('approval_required', {
        detail: `Approvals are needed, and policies have a part in ${error.currencies.join(', ')}; a vote is under the policy of one currency: send a batch for each.`,
        cause: error,
      });
    });
}
