/** The chapters of a story that are about an order or a return: what the databases of its services say of it. */
import type { DatabaseName } from './stack.ts';

const fences = `SELECT to_jsonb(f) - 'saga_id' AS row FROM step_fences f WHERE saga_id = $1 ORDER BY created_at`;

/** By title, each with its database and a statement that takes the id. */
export const ORDER_CHAPTERS: readonly (readonly [title: string, place: DatabaseName, statement: string])[] = [
  ['order', 'order', "SELECT to_jsonb(o) - 'body_hash' AS row FROM orders o WHERE order_id = $1"],
  [
    'consignments',
    'order',
    "SELECT to_jsonb(c) - 'order_id' AS row FROM consignments c WHERE order_id = $1 ORDER BY n",
  ],
  [
    'steps of the order',
    'order',
    "SELECT to_jsonb(s) - 'order_id' AS row FROM order_steps s WHERE order_id = $1 ORDER BY created_at",
  ],
  ['return', 'order', "SELECT to_jsonb(r) - 'body_hash' AS row FROM returns r WHERE return_id = $1"],
  ['fences of the inventory', 'inventory', fences],
  [
    'reservations',
    'inventory',
    "SELECT to_jsonb(r) - 'order_id' AS row FROM reservations r WHERE order_id = $1 ORDER BY n, sku",
  ],
  ['fences of the delivery', 'delivery', fences],
  [
    'shipments',
    'delivery',
    "SELECT to_jsonb(s) - 'order_id' AS row FROM shipments s WHERE order_id = $1 ORDER BY consignment",
  ],
  ['fences of the accounting', 'accounting', fences],
];
