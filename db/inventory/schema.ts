/** The tables of the inventory service. */
export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { stepFences } from '../step-fences.ts';
