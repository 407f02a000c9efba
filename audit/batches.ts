/**
 * I2 and I4 for batches: a batch's id follows from its key, its items are those that were acknowledged, and its counts of items
 * and of their ends are right. The counts are written together with the items' statuses, so this holds in every snapshot. The
 * items themselves are transfers, which movements.ts checks.
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

/**
 * A page of batches. The database computes the hash as domain/transfer/movement-body.ts does, so that the ten thousand items of a
 * batch stay where they are.
 */
function batchesAfter(id: string, limit: number): SQL {
  return sql`
    SELECT batch.batch_id AS id, batch.tenant, batch.status, batch.idempotency_key, ARRAY[item_count, completed_count, failed_count] AS counted, found,
      batch.body_hash IS NOT DISTINCT FROM sha256(convert_to(hashes, 'UTF8')) AS is_acknowledged
    FROM (SELECT * FROM transfer_batches WHERE batch_id > ${id} ORDER BY batch_id LIMIT ${limit}) batch
    CROSS JOIN LATERAL (
      SELECT ARRAY[count(*), count(*) FILTER (WHERE status = 'COMPLETED'), count(*) FILTER (WHERE status IN ('FAILED', 'CANCELED'))]::int[] AS found,
        '["' || string_agg(encode(body_hash, 'hex'), '","' ORDER BY batch_index) || '"]' AS hashes
      FROM transfers WHERE transfers.batch_id = batch.batch_id
    ) items
    ORDER BY batch.batch_id`;
}
