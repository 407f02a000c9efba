/** What the services of orders have decided of an order, each by its own fences: the same table in each of their databases. */
import type { Database } from '../db/database.ts';
import { seeStepFences, type SeenStepFence } from '../db/step-fences.ts';
import type { OrderId } from '../domain/ids.ts';
import { boundedQuery } from './http/bounded-query.ts';

export type { SeenStepFence } from '../db/step-fences.ts';

export function readStepFences(database: Database, orderId: OrderId): Promise<SeenStepFence[]> {
  return boundedQuery(database, () => seeStepFences(database, orderId));
}
