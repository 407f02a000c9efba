/** The task queue of the delivery service's activities. */
export const DELIVERY_TASK_QUEUE = 'delivery';
