/** The services of orders, each with a database, a role and a task queue of its own. An installation has all of them, or none. */
export const ORDER_SERVICES = ['order', 'inventory', 'delivery', 'accounting'] as const;
export type OrderService = (typeof ORDER_SERVICES)[number];
