/**
 * Calls Counterpoise's API as a careful client does: every movement has a key, and a call that was refused because the
 * server is busy or not there for a moment is sent again with the same key. Imported by the seed and the demo.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, StackError } from '../dev/stack-error.ts';

export interface Movement {
  readonly transfer_id?: string;
  readonly status: string;
  readonly failure_reason: string | null;
}

export interface ApiClient {
  /** The wallet of this user in this currency, made now or before. */
  readonly openWallet: (userId: string, currency: string) => Promise<{ walletId: string; isNew: boolean }>;
  readonly balance: (walletId: string) => Promise<string>;
  /** Returns when the movement has ended, or after the time that the API waits at most. */
  readonly move: (path: 'transfers' | 'transactions', key: string, body: object) => Promise<Movement>;
}

const CALL_LIMIT_MS = 40_000;
const WAIT_SECONDS = 30;
const ATTEMPTS_MAX = 8;
const PAUSE_MS_MAX = 5_000;

export function createApiClient(baseUrl: string): ApiClient {
  /** The answer's body, if its status is one of these; a StackError with what it says otherwise. */
  async function call<Body>(
    path: string,
    statuses: readonly number[],
    init: RequestInit = {},
  ): Promise<{ status: number; body: Body }> {
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === ATTEMPTS_MAX;
      try {
        const response = await fetch(baseUrl + path, { ...init, signal: AbortSignal.timeout(CALL_LIMIT_MS) });
        const body = (await response.json()) as Body;
        if (statuses.includes(response.status)) return { status: response.status, body };
        if (isLast || (response.status !== 429 && response.status !== 503)) {
          throw new StackError(`${init.method ?? 'GET'} ${path} answered ${response.status}: ${JSON.stringify(body)}`);
        }
        await sleep(Math.min(Number(response.headers.get('retry-after') ?? 1) * 1_000, PAUSE_MS_MAX));
      } catch (error) {
        if (error instanceof StackError) throw error;
        if (isLast) throw new StackError(`${baseUrl} does not answer: ${reasonOf(error)}`);
        await sleep(Math.min(100 * 2 ** attempt, PAUSE_MS_MAX));
      }
    }
  }
  const post = (body: object, headers: Record<string, string> = {}): RequestInit => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

  return {
    async openWallet(userId, currency) {
      const { status, body } = await call<{ wallet_id: string }>(
        '/v1/wallets',
        [201, 409],
        post({ user_id: userId, currency }),
      );
      return { walletId: body.wallet_id, isNew: status === 201 };
    },
    async balance(walletId) {
      const { body } = await call<{ balance: string }>(`/v1/wallets/${walletId}`, [200]);
      return body.balance;
    },
    async move(path, key, movement) {
      const headers = { 'idempotency-key': key, prefer: `wait=${WAIT_SECONDS}` };
      const { body } = await call<Movement>(`/v1/${path}`, [200, 202], post(movement, headers));
      return body;
    },
  };
}

/** Works on all items, `atOnce` of them at a time. */
export async function forEach<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
