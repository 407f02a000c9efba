/** The routes that answer about several services at once, for whoever watches them all. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import type { WalletSight } from '../../domain/wallet/sight.ts';
import type { ApiEnv } from '../http/env.ts';
import type { OpenOrders } from '../open-orders.ts';
import type { Readiness } from '../readiness.ts';
import type { MovementDeps } from '../transfer/movement.ts';
import { overviewRoutes } from './overview.ts';

export interface ConsoleDeps extends Pick<MovementDeps, 'database' | 'starter' | 'acceptance'> {
  readonly eventsDatabase: Database;
  readonly sight: WalletSight;
  readonly readiness: Readiness;
  readonly eventsReadiness: Readiness;
  readonly orders: Pick<OpenOrders, 'routes' | 'readiness'> | undefined;
}

export function consoleRoutes(deps: ConsoleDeps) {
  const { database, eventsDatabase, sight, readiness, eventsReadiness, orders } = deps;
  return new OpenAPIHono<ApiEnv>().route(
    '/',
    overviewRoutes({
      ...{ database, eventsDatabase, sight, orderDatabase: orders?.routes.databases.order },
      readiness: [readiness, eventsReadiness, ...(orders === undefined ? [] : [orders.readiness])],
      // The document is made of an app that has none of these.
      client: deps.acceptance.client,
      walletShardCount: deps.starter?.walletShardCount ?? 0,
    }),
  );
}
