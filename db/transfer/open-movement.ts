/**
 * Whether a movement or a batch is still open, by the id of its workflow. It is asked of one whose workflow has ended: a workflow
 * ends by itself only after its row.
 */
import { subjectOf } from '../../domain/transfer/reconciliation.ts';
import type { Database } from '../database.ts';
import { batchesToJudge, stillOpen } from './reconciliation-queries.ts';

/** Returns false if there is no such row. */
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
