/** Whether a movement, a transfer or a transaction, is of the tenant that asks: its row says so, and one without a row is the default one's. */
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { tenantOfMovement } from '../../db/transfer/find-queries.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';

/** `database` is the transfer service's. */
export function isOwnMovementIn(database: Database) {
  return async (c: Context<ApiEnv>, movementId: string): Promise<boolean> => {
    const tenant = await boundedQuery(database, () => tenantOfMovement(database, movementId));
    return (tenant ?? DEFAULT_TENANT) === c.var.holder.tenant;
  };
}
