/** The types of events that the inventory service writes. */
import type { EventShape } from './event-schema.ts';

export const INVENTORY_SHAPES: readonly EventShape[] = [];
