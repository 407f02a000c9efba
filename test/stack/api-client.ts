// A client of the API for tests on a real stack. An answer has its status, headers, body and duration.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly tookMs: number;
}

export interface Page<Item = Record<string, unknown>> {
  readonly data: Item[];
  readonly next_cursor: string | null;
}

export interface Movement {
  readonly transfer_id: string;
  readonly transaction_id: string;
  readonly status: string;
  readonly failure_reason: string | null;
}

export interface ApiClient {
  readonly get: <Body = Record<string, unknown>>(path: string) => Promise<Answer<Body>>;
  readonly post: <Body = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer<Body>>;
  readonly put: <Body = Record<string, unknown>>(path: string, body: unknown) => Promise<Answer<Body>>;
  /** Makes a transfer, by default with a new key and waiting for its end. */
  readonly transfer: (
    sender: string,
    receiver: string,
    amount: string,
    headers?: Record<string, string>,
  ) => Promise<Answer<Movement>>;
  /** Opens a funded wallet for a new user, and returns its id. */
  readonly wallet: (amount?: string, currency?: string) => Promise<string>;
  readonly balance: (walletId: string) => Promise<string>;
  /** The same client that takes a refusal for the answer, for tests of what is refused, or of how soon. */
  readonly once: Omit<ApiClient, 'once'>;
}

/** Longer than the longest wait that the API grants. */
const CALL_LIMIT_MS = 90_000;
const SERVED_LIMIT_MS = 120_000;
/** What an API that is short of time answers. Refusals of a state, such as wallet_shard_behind, are answers. */
const LATER = ['overloaded', 'temporal_unavailable', 'database_unavailable', 'wallet_api_unavailable'];

/**
 * Repeats a request until it is served, as the answer of a 429 or a 503 asks its client to: whether a test passes must not depend on
 * whether a busy machine answers within the API's limits.
 */
async function untilServed<Body>(request: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
  const givesUpAt = performance.now() + SERVED_LIMIT_MS;
  for (;;) {
    const answer = await request();
    const { code } = (answer.body ?? {}) as { code?: string };
    if (answer.status < 400 || !LATER.includes(code!) || performance.now() > givesUpAt) return answer;
    await sleep(200);
  }
}

/** `authorization`: the header with a key, if the API asks for one. A request that the API has no time for is repeated. */
export function apiClient(baseUrl: () => string, authorization: () => Record<string, string>): ApiClient {
  const once = <Body>(path: string, init: RequestInit): Promise<Answer<Body>> =>
    callOnce(baseUrl() + path, {
      ...init,
      headers: { ...authorization(), ...(init.headers as Record<string, string> | undefined) },
    });
  const repeating = <Body>(path: string, init: RequestInit): Promise<Answer<Body>> =>
    untilServed(() => once<Body>(path, init));
  return { ...clientOf(repeating), once: clientOf(once) };
}

async function callOnce<Body>(url: string, init: RequestInit): Promise<Answer<Body>> {
  const startedAt = performance.now();
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(CALL_LIMIT_MS) });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text) as Body,
    tookMs: performance.now() - startedAt,
  };
}

function clientOf(call: <Body>(path: string, init: RequestInit) => Promise<Answer<Body>>): ApiClient['once'] {
  const client: ApiClient['once'] = {
    get: (path) => call(path, {}),
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    put: (path, body) =>
      call(path, { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    transfer: (sender_wallet_id, receiver_wallet_id, amount, headers) =>
      client.post(
        '/v1/transfers',
        { sender_wallet_id, receiver_wallet_id, amount },
        headers ?? { 'idempotency-key': randomUUID(), prefer: 'wait=60' },
      ),
    async wallet(amount, currency = 'USD') {
      const wallet = { user_id: `user-${randomUUID()}`, currency };
      const { body } = await client.post<{ wallet_id: string }>('/v1/wallets', wallet);
      if (amount !== undefined) {
        const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=60' };
        const credit = { wallet_id: body.wallet_id, type: 'CREDIT', amount, currency };
        const funding = await client.post('/v1/transactions', credit, headers);
        if (funding.body['status'] !== 'PROCESSED')
          throw new Error(`the wallet was not funded: ${JSON.stringify(funding.body)}`);
      }
      return body.wallet_id;
    },
    async balance(walletId) {
      return (await client.get<{ balance: string }>(`/v1/wallets/${walletId}/balance`)).body.balance;
    },
  };
  return client;
}
