/** The accounting's part of an order's timeline, which api/console/ puts together: its journals. */
import type { z } from '@hono/zod-openapi';
import { listJournals } from '../../db/accounting/book-queries.ts';
import type { Database } from '../../db/database.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { renderJournal, type journalAnswer } from './answer.ts';

const JOURNALS_MAX = 100;

/** The oldest first. */
export async function readJournals(
  database: Database,
  tenant: Tenant,
  orderId: OrderId,
): Promise<z.input<typeof journalAnswer>[]> {
  const { rows } = await boundedQuery(database, () => listJournals(database, { tenant, orderId, limit: JOURNALS_MAX }));
  return rows.toReversed().map(renderJournal);
}
