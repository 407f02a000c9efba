/**
 * The routes of the services of orders: all of them, each over its own service's database. Where the installation has no orders, they
 * are refused, and are there for the documentation and the types only.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { Database } from '../db/database.ts';
import type { OrderService } from '../domain/order-services.ts';
import { bookRoutes } from './accounting/books.ts';
import { shipmentRoutes, type ShipmentDeps } from './delivery/shipment.ts';
import type { ApiEnv } from './http/env.ts';
import { ProblemError } from './http/problem.ts';
import { stockListRoutes } from './inventory/list.ts';
import { stockRoutes } from './inventory/stock.ts';
import { orderCaseRoutes } from './order/case.ts';
import { orderListRoutes } from './order/list.ts';
import { orderActionRoutes } from './order/order-actions.ts';
import { orderRoutes, type PlacingDeps } from './order/order.ts';
import { productRoutes } from './order/product.ts';
import { orderResolveRoutes } from './order/resolve.ts';
import { returnRoutes } from './order/return.ts';

export type OrderDatabases = Readonly<Record<OrderService, Database>>;

export interface OrderServicesDeps extends Omit<PlacingDeps, 'database'>, Pick<ShipmentDeps, 'told'> {
  readonly databases: OrderDatabases;
}

const PATHS = [
  ...['/v1/products', '/v1/stock', '/v1/orders', '/v1/order-cases', '/v1/returns', '/v1/shipments'],
  ...['/v1/invoices', '/v1/journals', '/v1/trial-balance', '/v1/credit-notes'],
];

const refuse: MiddlewareHandler<ApiEnv> = () => {
  throw new ProblemError('orders_not_configured');
};

export function orderServiceRoutes(deps: OrderServicesDeps | undefined) {
  const app = new OpenAPIHono<ApiEnv>();
  if (deps === undefined) for (const path of PATHS) app.use(path, refuse).use(`${path}/*`, refuse);
  // Without orders, none of the handlers below is reached.
  const { databases, told, ...placing } = deps ?? ({ databases: {} } as OrderServicesDeps);
  const orders = { ...placing, database: databases.order };
  const inventory = { database: databases.inventory };
  return app
    .route('/', productRoutes(orders))
    .route('/', orderRoutes(orders))
    .route('/', orderActionRoutes(orders))
    .route('/', orderResolveRoutes(orders))
    .route('/', orderListRoutes(orders))
    .route('/', orderCaseRoutes(orders))
    .route('/', returnRoutes(orders))
    .route('/', stockRoutes(inventory))
    .route('/', stockListRoutes(inventory))
    .route('/', shipmentRoutes({ database: databases.delivery, ...(told === undefined ? {} : { told }) }))
    .route('/', bookRoutes(databases.accounting));
}
