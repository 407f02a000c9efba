/** The entry of the workflow bundle: every workflow type, by the name under which it is started. */
export { transferBatch } from './batch.ts';
export { reconciliation } from './reconciliation.ts';
export { recurringTransfer } from './recurring.ts';
export { refundCase } from './refund-case.ts';
export { transaction } from './transaction.ts';
export { directTransfer, transfer } from './transfer.ts';
