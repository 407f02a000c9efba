/**
 * Counterpoise as a subject: a POST with `Prefer: wait` to its process, as `npm start` runs it, answered when the transfer has
 * ended. Uses Node's own HTTP client with kept connections, because the client's cost falls on the same machine.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Dispatch } from '../workflows/transfer/messages.ts';
import type { BenchStack, RunningApp } from './bench-stack.ts';
import type { Ground, Subject, SubjectKind } from './subject.ts';
import { authorization } from './authorization.ts';

const ANSWER_LIMIT_MS = 40_000;
/** The most requests for one transfer or order, each waiting as long as `Prefer: wait` says. */
const ASKED_MAX = 3;
/** The most refusals of one transfer or order for load. */
const REFUSED_MAX = 60;

export interface CounterpoiseOptions {
  readonly id: string;
  readonly name: string;
  readonly dispatch: Dispatch;
  /** Whether it runs beside other subjects, which then all have databases of their own. */
  readonly isBeside?: boolean;
  /** Settings besides those of the ground. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The wallets of the next transfer; by default each wallet in turn. */
  readonly nextPair?: Ground['nextPair'];
  /** Makes something else than transfers. */
  readonly requestsTo?: (api: string) => Subject;
  /** Prepares the conditions of the measurement. */
  readonly afterOpen?: (app: RunningApp) => Promise<void>;
  /** Looks at the process after its measurements. */
  readonly beforeClose?: (app: RunningApp) => Promise<void>;
}

export function counterpoise(
  stack: BenchStack,
  { id, name, dispatch, isBeside = false, settings, nextPair, requestsTo, afterOpen, beforeClose }: CounterpoiseOptions,
): SubjectKind {
  return {
    id,
    name,
    async open(ground) {
      const app = await stack.startApp(
        dispatch,
        { ...ground.settings, ...settings },
        isBeside ? `app-${id}` : undefined,
      );
      const requests = requestsTo?.(app.api) ?? transferRequests(app.api, nextPair ?? ground.nextPair);
      await afterOpen?.(app);
      return {
        once: requests.once,
        pid: app.pid,
        groupSize: (fromMs, untilMs) => meanGroupSize(ground.administrators['transfer']!, fromMs, untilMs),
        async close() {
          try {
            await beforeClose?.(app);
          } finally {
            await requests.close();
            await app.stop();
          }
        },
      };
    },
  };
}

/** Returns the mean size of the groups that were accepted between two instants; 1 where nothing was grouped. */
async function meanGroupSize(transferDatabase: string, fromMs: number, untilMs: number): Promise<number> {
  const client = new pg.Client({ connectionString: transferDatabase });
  await client.connect();
  try {
    const { rows } = await client.query<{ size: number }>(
      `SELECT coalesce(count(*)::float8 / nullif(count(DISTINCT coalesce(group_id, transfer_id)), 0), 1) AS size
       FROM transfers WHERE created_at BETWEEN $1 AND $2 AND batch_id IS NULL`,
      [new Date(fromMs), new Date(untilMs)],
    );
    return rows[0]!.size;
  } finally {
    await client.end();
  }
}

/** Makes transfers by requests to a running API. */
export function transferRequests(
  api: string,
  nextPair: Ground['nextPair'],
): Subject & {
  /** Like `once`, but returns the transfer's id. */
  readonly transfer: () => Promise<string>;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const transfer = async (): Promise<string> => {
    const { sender, receiver } = nextPair();
    const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '1.00' };
    const { status, text } = await postUntilOver(agent, `${api}/v1/transfers`, body);
    const answer = JSON.parse(text) as { status: string; transfer_id: string };
    if (status !== 200 || answer.status !== 'COMPLETED') throw new Error(`a transfer was answered ${status}: ${text}`);
    return answer.transfer_id;
  };
  return {
    transfer,
    once: async () => void (await transfer()),
    async close() {
      agent.destroy();
    },
  };
}

/** Reads these paths in turn. */
export function readRequests(api: string, paths: readonly string[]): Subject {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  let n = 0;
  return {
    async once() {
      n += 1;
      const path = paths[n % paths.length]!;
      const { status, text } = await send(agent, `${api}${path}`, { method: 'GET' });
      if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
    },
    async close() {
      agent.destroy();
    },
  };
}

/**
 * Posts under a new key, and again under the same one while the answer is 202: what it asks for has not ended yet. A 429 is repeated
 * after the time that it names, as any client would: with hundreds at once, what cannot be begun soon is refused.
 */
export async function postUntilOver(agent: Agent, url: string, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=30' };
  for (let [asked, refused] = [0, 0]; ;) {
    const answer = await send(agent, url, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer.status === 202 && ++asked < ASKED_MAX) continue;
    if (answer.status !== 429 || ++refused > REFUSED_MAX) return answer;
    await sleep(answer.retryAfterSeconds * 1_000);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** 0 if the answer does not name any. */
  readonly retryAfterSeconds: number;
}

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function send(agent: Agent, url: string, { method, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = {
      method,
      agent,
      headers: { ...authorization(), ...headers, ...length },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    };
    const sent = request(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        resolve({ status: answer.statusCode!, text, retryAfterSeconds: Number(answer.headers['retry-after'] ?? 0) });
      });
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
