/**
 * A group: plain transfers of many requests that were accepted together, and that one workflow moves together, in one attempt. A
 * transfer that the attempt does not bring to its end goes on as a workflow of its own. Pure.
 */
import type { GroupId, TransferId } from '../ids.ts';
import type { TraceContext } from '../trace-context.ts';
import type { BatchLegs, BatchSide } from './batch.ts';

/** One side of some transfers of a group, column by column, in the order of their acceptance. */
export interface GroupLegs extends Omit<BatchLegs, 'indexes' | 'elsewhere'> {
  readonly traces: readonly TraceContext[];
}

/** Which transfers of a group: those of these whose wallet on this side is in these buckets, and that wait for their group. */
export interface GroupLegsQuery {
  readonly groupId: GroupId;
  readonly transferIds: readonly TransferId[];
  readonly side: BatchSide;
  /** Both included, see routing.ts. */
  readonly firstBucket: number;
  readonly lastBucket: number;
}

/** Reads transfers of a group from the service that owns them: a call within one process, or across the network. */
export type ReadGroupLegs = (query: GroupLegsQuery) => Promise<GroupLegs>;
