/**
 * Counterpoise as a subject: a POST with `Prefer: wait` to its process, as `npm start` runs it, answered when the transfer
 * has ended. By Node's own HTTP client over connections that are kept, for its cost is borne by the same machine.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Dispatch } from '../workflows/messages.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Ground, Subject, SubjectKind } from './subject.ts';

const ANSWER_LIMIT_MS = 40_000;

export function counterpoise(stack: BenchStack, dispatch: Dispatch): SubjectKind {
  return {
    name: `Counterpoise, ${dispatch} dispatch`,
    async open(ground) {
      const app = await stack.startApp(dispatch);
      const requests = transferRequests(app.api, ground);
      return {
        once: requests.once,
        async close() {
          await requests.close();
          await app.stop();
        },
      };
    },
  };
}

/** Transfers by requests to an API that runs already. */
export function transferRequests(api: string, { nextPair }: Pick<Ground, 'nextPair'>): Subject {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  return {
    async once() {
      const { sender, receiver } = nextPair();
      const body = JSON.stringify({ sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '1.00' });
      const { status, text } = await post(agent, `${api}/v1/transfers`, body);
      if (status !== 200 || (JSON.parse(text) as { status: string }).status !== 'COMPLETED')
        throw new Error(`a transfer was answered ${status}: ${text}`);
    },
    async close() {
      agent.destroy();
    },
  };
}

function post(agent: Agent, url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': randomUUID(),
      prefer: 'wait=30',
    };
    const sent = request(
      url,
      { method: 'POST', agent, headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode!, text }));
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
