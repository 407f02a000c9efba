/** A transfer with its steps, as one snapshot shows them. */
import { sql } from 'drizzle-orm';
import type { TransferId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import type { Transfer, TransferStep } from './queries.ts';
import { transfers } from './schema.ts';

export interface TransferWithSteps {
  readonly transfer: Transfer;
  /** In the order in which they were reached. */
  readonly steps: readonly (Pick<TransferStep, 'step' | 'reason'> & { readonly at: string })[];
}

export async function findTransferWithSteps(
  database: Database,
  tenant: Tenant,
  transferId: TransferId,
): Promise<TransferWithSteps | undefined> {
  const { rows } = await database.execute<Record<string, unknown> & Pick<TransferWithSteps, 'steps'>>(sql`
    SELECT ${columnsOf(transfers)}, (
      SELECT coalesce(json_agg(json_build_object('step', step, 'reason', reason,
        'at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY step_id), '[]')
      FROM transfer_steps WHERE transfer_steps.transfer_id = ${transferId}
    ) AS steps
    FROM transfers WHERE transfer_id = ${transferId} AND tenant = ${tenant}`);
  return rows[0] && { transfer: rowOf(transfers, rows[0]), steps: rows[0].steps };
}
