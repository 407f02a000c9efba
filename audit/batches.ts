/**
 * I2 and I4 for batches: a batch's id follows from its key, its items are those that were acknowledged, and its counts of items
 * and of their ends are right. The counts are written together with the items' statuses, so this holds in every snapshot. The
 * items themselves are transfers, which movements.ts checks. A batch that waits for approvals, or was canceled, has none: what it
 * asks for is in a row of its own.
 */
import { sql, type SQL } from 'drizzle-orm';
import { batchId } from '../domain/derived-id.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Findings } from './findings.ts';
import { pagesOf, type Reader } from './reader.ts';

interface BatchRow {
  id: string;
  tenant: Tenant;
  status: string;
  idempotency_key: string;
  /** Whether its hash is that of its items' hashes, in their order. */
  is_acknowledged: boolean;
  /** The batch's own counts: its items, those COMPLETED, those that have ended otherwise. */
  counted: number[];
  /** The same counts of the items themselves. */
  found: [items: number, completed: number, failed: number];
}

export async function checkBatches(transfer: Reader, findings: Findings): Promise<void> {
  for await (const page of pagesOf(transfer, batchesAfter, ({ id }: BatchRow) => id)) {
    findings.count('batches', page.length);
    for (const row of page) {
      const subject = `batch ${row.id}`;
      if (row.id !== batchId(row.idempotency_key, row.tenant))
        findings.report('I4', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (!row.is_acknowledged) findings.report('I4', subject, 'its items are not those that were acknowledged');
      if (row.status === 'AWAITING_APPROVAL' || row.status === 'CANCELED') {
        checkWithoutItems(row, subject, findings);
        continue;
      }
      const [items, completed, failed] = row.found;
      if (row.counted.join() !== row.found.join())
        findings.report(
          'I2',
          subject,
          `it counts ${row.counted.join(', ')} (items, completed, failed), there are ${row.found.join(', ')}`,
        );
      if ((row.status === 'COMPLETED') !== (items === completed + failed))
        findings.report(
          'I2',
          subject,
          `it is ${row.status} with ${items - completed - failed} items that have not ended`,
        );
    }
  }
}

/** That no item has begun is checked with the approvals. */
function checkWithoutItems({ status, counted }: BatchRow, subject: string, findings: Findings): void {
  const [items, completed, failed] = counted;
  if (completed !== 0 || failed !== (status === 'CANCELED' ? items : 0))
    findings.report('I2', subject, `it is ${status} and counts ${counted.join(', ')} (items, completed, failed)`);
}

/**
 * A page of batches. The database computes the hash as domain/transfer/movement-body.ts does, so that the ten thousand items of a
 * batch stay where they are.
 */
function batchesAfter(id: string, limit: number): SQL {
  return sql`
    SELECT batch.batch_id AS id, batch.tenant, batch.status, batch.idempotency_key, ARRAY[item_count, completed_count, failed_count] AS counted, found,
      CASE WHEN batch.status IN ('AWAITING_APPROVAL', 'CANCELED') THEN EXISTS (
        SELECT FROM batch_proposals proposal
        WHERE proposal.batch_id = batch.batch_id AND cardinality(item_hashes) = item_count
          AND batch.body_hash = sha256(convert_to(array_to_json(item_hashes)::text, 'UTF8'))
      ) ELSE batch.body_hash IS NOT DISTINCT FROM sha256(convert_to(hashes, 'UTF8')) END AS is_acknowledged
    FROM (SELECT * FROM transfer_batches WHERE batch_id > ${id} ORDER BY batch_id LIMIT ${limit}) batch
    CROSS JOIN LATERAL (
      SELECT ARRAY[count(*), count(*) FILTER (WHERE status = 'COMPLETED'), count(*) FILTER (WHERE status IN ('FAILED', 'CANCELED'))]::int[] AS found,
        '["' || string_agg(encode(body_hash, 'hex'), '","' ORDER BY batch_index) || '"]' AS hashes
      FROM transfers WHERE transfers.batch_id = batch.batch_id
    ) items
    ORDER BY batch.batch_id`;
}
