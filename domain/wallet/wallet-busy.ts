/** An operation was not begun, because nothing gets done at what it locks: somebody else holds that. */
export class WalletBusy extends Error {
  override readonly name = 'WalletBusy';
  /** When it is worth another try. */
  readonly retryInMs: number;

  /** `key` names what is locked. */
  constructor(key: string, retryInMs: number) {
    super(`nothing gets done at ${key}, which somebody holds locked`);
    this.retryInMs = retryInMs;
  }
}
