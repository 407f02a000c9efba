/** The types of events that the accounting service writes. */
import type { EventShape } from './event-schema.ts';

export const ACCOUNTING_SHAPES: readonly EventShape[] = [];
