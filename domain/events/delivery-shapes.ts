/** The types of events that the delivery service writes. */
import type { EventShape } from './event-schema.ts';

export const DELIVERY_SHAPES: readonly EventShape[] = [];
