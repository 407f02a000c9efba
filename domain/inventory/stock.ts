/** Stock: the kinds of its entries, and the refusals of changes. */
export const STOCK_ENTRY_TYPES = [
  'COUNT',
  'RECEIPT',
  'ADJUSTMENT',
  'RESERVATION',
  'RELEASE',
  'ISSUE',
  'RETURN',
  'SCRAP',
] as const;

/** `reserved`: less would be on hand than is promised to orders. `too_much`: more than can be counted. `unknown`: no such SKU. */
export type StockRefusal = 'reserved' | 'too_much' | 'unknown';

export const ON_HAND_MAX = 1_000_000_000_000;
