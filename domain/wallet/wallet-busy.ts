/** The error that an operation was not begun, because no operation succeeds at the lock that it needs: something else holds it. */
export class WalletBusy extends Error {
  override readonly name = 'WalletBusy';
  /** After how many milliseconds another try is worth it. */
  readonly retryInMs: number;

  /** `key` names what is locked. */
  constructor(key: string, retryInMs: number) {
    super(`nothing gets done at ${key}, which somebody holds locked`);
    this.retryInMs = retryInMs;
  }
}
