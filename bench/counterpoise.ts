/**
 * Counterpoise as a subject: a POST with `Prefer: wait` to its process, as `npm start` runs it, answered when the transfer
 * has ended. By Node's own HTTP client over connections that are kept, for its cost is borne by the same machine.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import pg from 'pg';
import type { Dispatch } from '../workflows/transfer/messages.ts';
import type { BenchStack, RunningApp } from './bench-stack.ts';
import type { Ground, Subject, SubjectKind } from './subject.ts';

const ANSWER_LIMIT_MS = 40_000;
/** Of one transfer, each time for as long as `Prefer: wait` says. */
const ASKED_MAX = 3;

export interface CounterpoiseOptions {
  readonly id: string;
  readonly name: string;
  readonly dispatch: Dispatch;
  /** Beside those of the ground. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whose money is moved, if not each wallet's in turn. */
  readonly nextPair?: Ground['nextPair'];
  /** Arranges what it is measured in. */
  readonly afterOpen?: (app: RunningApp) => Promise<void>;
  /** Looks at the process after its measurements. */
  readonly beforeClose?: (app: RunningApp) => Promise<void>;
}

export function counterpoise(
  stack: BenchStack,
  { id, name, dispatch, settings, nextPair, afterOpen, beforeClose }: CounterpoiseOptions,
): SubjectKind {
  return {
    id,
    name,
    async open(ground) {
      const app = await stack.startApp(dispatch, { ...ground.settings, ...settings });
      const requests = transferRequests(app.api, nextPair ?? ground.nextPair);
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

/** Transfers by requests to an API that runs. */
export function transferRequests(
  api: string,
  nextPair: Ground['nextPair'],
): Subject & {
  /** As `once`, and answers the transfer's id. */
  readonly transfer: () => Promise<string>;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const transfer = async (): Promise<string> => {
    const { sender, receiver } = nextPair();
    const body = JSON.stringify({ sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '1.00' });
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=30' };
    for (let asked = 1; ; asked += 1) {
      const { status, text } = await send(agent, `${api}/v1/transfers`, { method: 'POST', headers, body });
      // Not ended yet: the same key asks for the same transfer.
      if (status === 202 && asked < ASKED_MAX) continue;
      const answer = JSON.parse(text) as { status: string; transfer_id: string };
      if (status !== 200 || answer.status !== 'COMPLETED')
        throw new Error(`a transfer was answered ${status}: ${text}`);
      return answer.transfer_id;
    }
  };
  return {
    transfer,
    once: async () => void (await transfer()),
    async close() {
      agent.destroy();
    },
  };
}

/** One read after the other of these paths in turn. */
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

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function send(agent: Agent, url: string, { method, headers, body }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = {
      method,
      agent,
      headers: { ...headers, ...length },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    };
    const sent = request(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
