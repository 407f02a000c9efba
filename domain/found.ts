/** What is found by an id or a name of its own, whichever service has it. */
export const FOUND_TYPES = [
  ...(['transfer', 'transaction', 'batch', 'recurring_transfer', 'case', 'reconciliation_run', 'wallet'] as const),
  ...(['order', 'order_case', 'return', 'product', 'shipment', 'invoice', 'credit_note', 'journal'] as const),
  ...(['event', 'webhook_endpoint', 'principal', 'api_key'] as const),
];
export type FoundType = (typeof FOUND_TYPES)[number];

export const WAYS_OF_MATCHING = ['id', 'reference', 'metadata', 'user_id', 'sku', 'name', 'position'] as const;

export interface Found {
  readonly type: FoundType;
  readonly id: string;
  readonly matched: (typeof WAYS_OF_MATCHING)[number];
  /** One line for people. */
  readonly label: string;
  readonly status: string | null;
  readonly at: string | null;
}

/** Of each type and way of matching. */
export const FOUND_MAX = 10;
