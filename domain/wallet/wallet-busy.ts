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
