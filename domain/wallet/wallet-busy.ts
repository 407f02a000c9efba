/** The error that an operation was not begun, because it did not get its turn at what it locks. */
export class WalletBusy extends Error {
  override readonly name = 'WalletBusy';
  /** After how many milliseconds another try is worth it. */
  readonly retryInMs: number;

  /** `why` says what is known of it: only whoever looks into the database sees whether somebody holds a lock. */
  constructor(why: string, retryInMs: number) {
    super(why);
    this.retryInMs = retryInMs;
  }
}

const PAUSE_MIN_MS = 500;

/**
 * The pause until the next try of an activity that has `leftMs` until it is given up: Temporal takes a pause as it is told, even one
 * longer than the retry policy's largest, but gives the activity up at once if the next try would come too late. So a pause that
 * does not fit is half of what is left.
 */
export function pauseWithin(retryInMs: number, leftMs: number): number {
  return retryInMs + PAUSE_MIN_MS <= leftMs ? retryInMs : Math.max(Math.round(leftMs / 2), PAUSE_MIN_MS);
}
