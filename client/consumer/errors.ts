/** The errors of a consumer that its caller can act upon. */

/**
 * The log no longer keeps the events that follow the consumer's position: it was away for longer than events are kept. Nothing was
 * changed. Empty the tables that the handler writes, fill them from another source (the API's lists, a copy), and begin anew with
 * `resetConsumer(store, name, firstPosition - 1)`.
 */
export class PositionExpiredError extends Error {
  override readonly name = 'PositionExpiredError';
  readonly code = 'position_expired';
  /** What the consumer has read last. */
  readonly position: number;
  /** The oldest event that is kept. */
  readonly firstPosition: number;

  constructor(position: number, firstPosition: number, cause?: unknown) {
    super(
      `the events after position ${position} are gone, the first one kept is ${firstPosition}: empty what the handler has written, ` +
        `fill it from another source, and call resetConsumer(store, name, ${firstPosition - 1})`,
      { cause },
    );
    this.position = position;
    this.firstPosition = firstPosition;
  }
}

/** Another process has taken over the consumer: this one commits nothing more. It waits for its turn by itself. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
