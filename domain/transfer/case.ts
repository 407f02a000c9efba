/**
 * The actions of operators on a case, and the entries of its log. Pure.
 *
 * `retry` tries the failing step at once, instead of at the end of its pause. `refund` pays the sender back at once, from the
 * external wallet of its shard until the credit's fence can be asked. `write_off` gives up the refund: the money goes to the
 * external wallet of the sender's shard.
 */
import type { Acting } from '../acting.ts';

export const RESOLVE_ACTIONS = ['retry', 'refund', 'write_off'] as const;
export type ResolveAction = (typeof RESOLVE_ACTIONS)[number];

/** `advanced`: the credit had landed, so the external wallet has paid the refund that was forced; logged with the end. */
export const CASE_ACTIONS = ['opened', ...RESOLVE_ACTIONS, 'advanced', 'closed', 'resolved'] as const;

/** The actor of what Counterpoise does unasked. */
export const SYSTEM_ACTOR = 'counterpoise';

export interface Resolution extends Acting {
  readonly action: ResolveAction;
  readonly comment: string;
}
