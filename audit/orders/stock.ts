/**
 * O1: stock is what its entries and its reservations say. Of each SKU of a tenant, `on_hand` and `reserved` are the sums of its entries and what
 * the last of them says; each entry follows from the one before; sequences run from 1 without gaps; `reserved` is the sum of what is
 * RESERVED, and never more than what is on hand. Each reservation, receipt and return has exactly its entries. Stock, entries, fences
 * and reservations are written together, so this holds in every snapshot of the inventory.
 */
import { sql } from 'drizzle-orm';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from '../findings.ts';
import { pagesOf, rowsOf, type Reader } from '../reader.ts';

interface StockRow {
  tenant: string;
  sku: string;
  /** The conditions that do not hold, each in a sentence. */
  wrong: string[];
  entries: string;
}

export async function checkStock(inventory: Reader, findings: Findings): Promise<void> {
  for await (const page of pagesOf(inventory, stockAfter, keyOf, '')) {
    findings.count('skus', page.length);
    for (const { tenant, sku, wrong, entries } of page) {
      const subject = `stock ${sku}${tenant === DEFAULT_TENANT ? '' : ` of ${tenant}`}`;
      findings.count('stock_entries', Number(entries));
      for (const detail of wrong) findings.report('O1', subject, detail);
    }
  }
  reportDifferences('O1', await rowsOf(inventory, unlikeEntries), findings, 'the entries of');
}

/** No tenant's name has a slash. */
function keyOf({ tenant, sku }: StockRow): string {
  return `${tenant}/${sku}`;
}

function stockAfter(key: string, limit: number) {
  const slash = key.indexOf('/');
  return sql`
    SELECT tenant, sku, ledger.entries, array_remove(ARRAY[
      CASE WHEN reserved < 0 OR reserved > on_hand THEN format('%s are on hand and %s reserved', on_hand, reserved) END,
      CASE WHEN (on_hand, reserved) <> (ledger.on_hand_sum, ledger.reserved_sum)
        THEN format('%s are on hand and %s reserved, but its entries sum to %s and %s', on_hand, reserved, ledger.on_hand_sum, ledger.reserved_sum) END,
      CASE WHEN (on_hand, reserved) <> (coalesce(last.on_hand_after, 0), coalesce(last.reserved_after, 0))
        THEN format('%s are on hand and %s reserved, but its last entry says %s and %s', on_hand, reserved, last.on_hand_after, last.reserved_after) END,
      CASE WHEN ledger.wrong > 0 THEN format('%s entries say another stock than the entries before them lead to', ledger.wrong) END,
      CASE WHEN ledger.gaps > 0 THEN format('%s entries are not numbered one after the other', ledger.gaps) END,
      CASE WHEN stock.sequence <> coalesce(last.sequence, 0)
        THEN format('it counts %s entries, the last one is number %s', stock.sequence, coalesce(last.sequence, 0)) END,
      CASE WHEN reserved <> promised.total THEN format('%s are reserved, but its reservations sum to %s', reserved, promised.total) END
    ], NULL) AS wrong
    FROM (
      SELECT * FROM stock WHERE (tenant, sku) > (${key.slice(0, Math.max(0, slash))}, ${key.slice(slash + 1)})
      ORDER BY tenant, sku LIMIT ${limit}
    ) stock
    LEFT JOIN LATERAL (
      SELECT count(*) AS entries, coalesce(sum(on_hand_change), 0) AS on_hand_sum, coalesce(sum(reserved_change), 0) AS reserved_sum,
        count(*) FILTER (WHERE (on_hand_after, reserved_after) <> (on_hand_running, reserved_running)) AS wrong,
        count(*) FILTER (WHERE sequence <> number) AS gaps
      FROM (
        SELECT *, sum(on_hand_change) OVER in_order AS on_hand_running, sum(reserved_change) OVER in_order AS reserved_running,
          row_number() OVER (ORDER BY sequence) AS number
        FROM stock_entries WHERE (stock_entries.tenant, stock_entries.sku) = (stock.tenant, stock.sku)
        WINDOW in_order AS (ORDER BY sequence ROWS UNBOUNDED PRECEDING)
      ) entry
    ) ledger ON true
    LEFT JOIN LATERAL (
      SELECT on_hand_after, reserved_after, sequence FROM stock_entries
      WHERE (stock_entries.tenant, stock_entries.sku) = (stock.tenant, stock.sku) ORDER BY sequence DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(sum(quantity), 0) AS total FROM reservations
      WHERE (reservations.tenant, reservations.sku) = (stock.tenant, stock.sku) AND state = 'RESERVED'
    ) promised ON true
    ORDER BY tenant, sku`;
}

/**
 * The entries that reservations and fences tell of, against those that are there. A count has no cause, and none to compare with. What
 * came back beyond the most that can be kept is noted only.
 */
const unlikeEntries = sql`
  SELECT cause AS movement, detail, count(*) OVER ()::int AS total FROM (
    SELECT coalesce(expected.cause, entry.cause) || ' on ' || sku AS cause,
      CASE WHEN entry.times IS NULL THEN format('its %s of %s and %s has no entry', type, on_hand_change, reserved_change)
        WHEN expected.cause IS NULL THEN format('a %s of %s and %s, of which nothing tells', type, on_hand_change, reserved_change)
        WHEN entry.times > 1 THEN format('its %s is there %s times', type, entry.times)
        WHEN entry.tenant <> expected.tenant THEN format('its %s is in the stock of %s, and not of %s', type, entry.tenant, expected.tenant)
      END AS detail
    FROM (
      SELECT tenant, order_id || ' ' || n AS cause, sku, type, on_hand * quantity AS on_hand_change, reserved * quantity AS reserved_change
      FROM reservations JOIN (VALUES ('RESERVATION', 0, 1, NULL), ('ISSUE', -1, -1, 'ISSUED'), ('RELEASE', 0, -1, 'RELEASED'))
        move (type, on_hand, reserved, in_state) ON in_state IS NULL OR in_state = state
      UNION ALL
      SELECT coalesce(terms ->> 'tenant', 'default'), saga_id || ' ', terms ->> 'sku', terms ->> 'type', (terms ->> 'quantity')::bigint, 0 FROM step_fences WHERE step = 'stock'
      UNION ALL
      SELECT (SELECT min(tenant) FROM reservations WHERE order_id = saga_id), substr(step, 8) || ' ', sku, CASE disposition WHEN 'restock' THEN 'RETURN' ELSE 'SCRAP' END,
        CASE disposition WHEN 'restock' THEN quantity ELSE 0 END, 0
      FROM step_fences CROSS JOIN LATERAL jsonb_to_recordset(terms) AS line (sku text, quantity bigint, disposition text)
      WHERE step LIKE 'return:%' AND outcome = 'done'
    ) expected
    FULL JOIN (
      SELECT min(tenant) AS tenant, cause_id || ' ' || coalesce(n::text, '') AS cause, sku, CASE WHEN is_beyond THEN 'RETURN' ELSE type END AS type,
        CASE WHEN is_beyond THEN quantity ELSE on_hand_change END AS on_hand_change, reserved_change, count(*) AS times
      FROM stock_entries CROSS JOIN LATERAL (SELECT type = 'SCRAP' AND reason IS NOT DISTINCT FROM 'stock_too_large' AS is_beyond) restock
      WHERE cause_id IS NOT NULL GROUP BY 2, 3, 4, 5, 6
    ) entry USING (cause, sku, type, on_hand_change, reserved_change)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;
