/** The tables of the delivery service. */
export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';
export { stepFences } from '../step-fences.ts';
