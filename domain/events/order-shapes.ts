/** The types of events that the order service writes. */
import type { EventShape } from './event-schema.ts';

export const ORDER_SHAPES: readonly EventShape[] = [];
