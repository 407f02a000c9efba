// What must hold of stock at rest, read from the tables themselves.

import assert from 'node:assert/strict';
import type { Database } from '../../db/database.ts';
import { rowsOf } from './database.ts';

/** Each SKU equals its entries and its reservations, entries have no gaps, and no consignment is both issued and released. */
export async function assertStockAgrees(admin: Database): Promise<void> {
  const wrong = await rowsOf(
    admin,
    `SELECT sku, on_hand, reserved, sequence, entries.* FROM stock
     LEFT JOIN LATERAL (
       SELECT coalesce(sum(on_hand_change), 0) AS on_hand_sum, coalesce(sum(reserved_change), 0) AS reserved_sum, count(*) AS entry_count
       FROM stock_entries WHERE stock_entries.sku = stock.sku
     ) entries ON true
     LEFT JOIN stock_entries last USING (sku, sequence)
     WHERE on_hand <> on_hand_sum OR reserved <> reserved_sum OR sequence <> entry_count
       OR (sequence > 0 AND (last.on_hand_after IS DISTINCT FROM on_hand OR last.reserved_after IS DISTINCT FROM reserved))
       OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM reservations WHERE reservations.sku = stock.sku AND state = 'RESERVED')`,
  );
  assert.deepEqual(wrong, []);
  const unlike = await rowsOf(
    admin,
    `SELECT order_id, n, state, outcome FROM reservations LEFT JOIN step_fences ON saga_id = order_id AND step = 'goods:' || n
     WHERE state <> CASE outcome WHEN 'done' THEN 'ISSUED' WHEN 'undone' THEN 'RELEASED' ELSE 'RESERVED' END`,
  );
  assert.deepEqual(unlike, []);
}
