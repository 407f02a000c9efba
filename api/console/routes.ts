/** The routes that answer about several services at once, for whoever watches them all. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import type { WalletSight } from '../../domain/wallet/sight.ts';
import type { ApiEnv } from '../http/env.ts';
import type { OpenOrders } from '../open-orders.ts';
import type { Readiness } from '../readiness.ts';
import type { MovementDeps } from '../transfer/movement.ts';
import { findRoutes } from './find.ts';
import { orderTimelineRoutes } from './order-timeline.ts';
import { overviewRoutes } from './overview.ts';
import { transferTimelineRoutes } from './transfer-timeline.ts';

interface ConsoleDeps extends Pick<MovementDeps, 'database' | 'starter' | 'acceptance'> {
  readonly eventsDatabase: Database;
  /** Undefined where the installation has no database of keys. */
  readonly accessDatabase: Database | undefined;
  readonly sight: WalletSight;
  readonly readiness: Readiness;
  readonly eventsReadiness: Readiness;
  readonly orders: Pick<OpenOrders, 'routes' | 'readiness'> | undefined;
}

export function consoleRoutes(deps: ConsoleDeps) {
  const { database, eventsDatabase, accessDatabase, sight, readiness, eventsReadiness, orders } = deps;
  // The document is made of an app that has none of these.
  const { client } = deps.acceptance;
  const walletShardCount = deps.starter?.walletShardCount ?? 0;
  return new OpenAPIHono<ApiEnv>()
    .route(
      '/',
      overviewRoutes({
        ...{ database, eventsDatabase, sight, client, walletShardCount },
        orderDatabase: orders?.routes.databases.order,
        readiness: [readiness, eventsReadiness, ...(orders === undefined ? [] : [orders.readiness])],
      }),
    )
    .route('/', transferTimelineRoutes({ database, client, sight, walletShardCount }))
    .route(
      '/',
      findRoutes({ ...{ database, eventsDatabase, accessDatabase }, orders: orders?.routes.databases, sight }),
    )
    .route('/', orderTimelineRoutes({ databases: orders?.routes.databases, client, sight, walletShardCount }));
}
