/** What each request of an API carries, as Hono's environment. */
import type { TraceContext } from '../../domain/trace-context.ts';
import type { Logger } from '../../process/telemetry.ts';

export interface ApiEnv {
  Bindings: {
    /** The request as it came in at a socket; none where the app is called without a server. */
    incoming?: {
      readonly socket: { readonly localAddress?: string | undefined };
      readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
    };
  };
  Variables: {
    /** Goes with a movement into its workflow, activities, events and log lines. */
    trace: TraceContext;
    /** Handlers add the ids they deal with: `c.var.log.setBindings({ transfer_id })`. */
    log: Logger;
    slot: RequestSlot;
  };
}

/** A request's place among those at work. */
export interface RequestSlot {
  /** Takes room for a body; refuses with 429 if there is none. */
  readonly reserveBody: (bytes: number) => void;
  /** Leaves the place to another request and joins those who wait; false, and nothing changes, if too many wait. */
  readonly becomeWaiter: () => boolean;
}
