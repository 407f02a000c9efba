/** The task queue of the accounting service's activities. */
export const ACCOUNTING_TASK_QUEUE = 'accounting';
