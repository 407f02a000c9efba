/** Hono's environment of an API: what each request carries. */
import type { TraceContext } from '../../domain/trace-context.ts';
import type { Logger } from '../../process/telemetry.ts';

export interface ApiEnv {
  Bindings: {
    /** The request as the server received it; undefined if the app is called without a server. */
    incoming?: {
      readonly socket: {
        readonly localAddress?: string | undefined;
        readonly remoteAddress?: string | undefined;
        readonly destroy?: () => unknown;
      };
      readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
    };
  };
  Variables: {
    /** Passed on with a movement into its workflow, activities, events and log lines. */
    trace: TraceContext;
    /** Handlers add the ids they deal with: `c.var.log.setBindings({ transfer_id })`. */
    log: Logger;
    slot: RequestSlot;
  };
}

/** A request's place among the requests at work. */
export interface RequestSlot {
  /** Reserves room for a body of this size; throws `overloaded` (429) if there is none. */
  readonly reserveBody: (bytes: number) => void;
  /** Frees the place and counts this request among those that wait; returns false, and changes nothing, if too many wait. */
  readonly becomeWaiter: () => boolean;
}
