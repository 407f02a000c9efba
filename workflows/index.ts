/** The entry of the workflow bundle: every workflow type, by the name under which it is started. */
export { order } from './order/order.ts';
export { orderReconciliation } from './order/reconciliation.ts';
export { orderReturn } from './order/return.ts';
export { transferBatch } from './transfer/batch.ts';
export { canceledTransfer } from './transfer/canceled.ts';
export { directTransfer } from './transfer/direct.ts';
export { transferGroup } from './transfer/group.ts';
export { transfer } from './transfer/held.ts';
export { reconciliation } from './transfer/reconciliation.ts';
export { recurringTransfer } from './transfer/recurring.ts';
export { refundCase } from './transfer/refund-case.ts';
export { transaction } from './transfer/transaction.ts';
