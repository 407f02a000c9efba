/** The few meanings that a color has, and the words that have them. */

/** `good`: done, and as it should be. `wait`: under way. `bad`: failed, or needs a person. `undone`: was taken back. `plain`: none of these. */
export type Meaning = 'good' | 'wait' | 'bad' | 'undone' | 'plain';

const MEANINGS: Readonly<Record<Exclude<Meaning, 'plain'>, readonly string[]>> = {
  good: [
    'COMPLETED',
    'PROCESSED',
    'ACTIVE',
    'RESOLVED',
    'CLEAN',
    'DELIVERED',
    'CAPTURED',
    'COLLECTED',
    'PAID',
    'REPAIRED',
    'REFUNDED',
    'up',
    'applied',
    'COPYING',
    'APPROVED',
    'approve',
  ],
  wait: [
    'SCHEDULED',
    'PENDING',
    'DEBITED',
    'CONFIRMED',
    'PROCESSING',
    'RUNNING',
    'HELD',
    'RESERVED',
    'ISSUED',
    'REQUESTED',
    'RECEIVED',
    'PAUSED',
    'RESUMING',
    'AWAITING',
    'AWAITING_APPROVAL',
    'HANDED_OVER',
    'IN_TRANSIT',
    'BOOKED',
    'OUT_FOR_DELIVERY',
  ],
  bad: [
    'FAILED',
    'OPEN',
    'SUSPENDED',
    'FOUND',
    'DISABLED',
    'DUE',
    'STOPPED',
    'EXPIRED',
    'REFUND_DUE',
    'down',
    'rejected',
    'ATTENTION',
    'REJECTED',
    'OVERRIDDEN',
    'reject',
    'override',
  ],
  undone: [
    'CANCELED',
    'RELEASED',
    'VOIDED',
    'WRITTEN_OFF',
    'PARTLY_COMPLETED',
    'DELETED',
    'REVOKED',
    'WITHDRAWN',
    'canceled',
  ],
};

const meaningOf = new Map(
  Object.entries(MEANINGS).flatMap(([meaning, words]) => words.map((word) => [word, meaning as Meaning] as const)),
);

export function meaningOfStatus(status: string): Meaning {
  return meaningOf.get(status) ?? 'plain';
}

/** `PARTLY_COMPLETED` as `partly completed`, `insufficient_funds` as `insufficient funds`. */
export function inWords(code: string): string {
  return code.toLowerCase().replaceAll(/[_-]/g, ' ');
}
