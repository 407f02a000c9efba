/** The task queue of the inventory service's activities. */
export const INVENTORY_TASK_QUEUE = 'inventory';
