/** The kinds of flow that are added up, and the quarter hours that they are added up by. */

/**
 * `transfers`: money that has arrived from another wallet; `credits` and `debits`: money that came in from outside or left, by
 * transactions; `refunds`: money of a transfer's debit that went back.
 */
export const FLOW_KINDS = ['transfers', 'credits', 'debits', 'refunds'] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/** A quarter of an hour begins at a multiple of it since 1970 in UTC. */
export const FLOW_SECONDS = 900;
/** How long a quarter of an hour is kept. */
export const FLOW_DAYS_KEPT = 90;
