/**
 * Whether a movement or a batch has not ended, by the id of its workflow: asked where its workflow has, which by itself ends
 * only after the row.
 */
import { subjectOf } from '../../domain/transfer/reconciliation.ts';
import type { Database } from '../database.ts';
import { batchesToJudge, stillOpen } from './reconciliation-queries.ts';

/** False where there is no such row. */
export async function isStillOpen(database: Database, workflowId: string): Promise<boolean> {
  const { kind, id } = subjectOf(workflowId);
  switch (kind) {
    case 'transfer':
    case 'transaction':
      return (await stillOpen(database, kind, [id])).length > 0;
    case 'batch':
      return (await batchesToJudge(database, [id])).some(({ isOpen }) => isOpen);
    case 'movement':
    case 'wallet':
    case 'shard':
    case 'recurring':
    case 'workflow':
      return false;
  }
}
