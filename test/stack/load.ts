// Concurrent clients that move money between a few wallets while faults are injected into a stack. As clients should, they repeat a
// request that failed or was refused for now with its key; they send some keys several times anyway, and some give up at the first
// failure. Everything is drawn by a seed. Afterwards the answers are compared with what is stored.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { draw, drawAmount, drawFrom } from '../../dev/draw.ts';
import type { Movement } from './api-client.ts';
import type { Money } from './money.ts';
import { until } from './stack.ts';

export interface Load {
  /** Waits until `count` requests have been answered with success. */
  readonly untilAnswered: (count: number) => Promise<void>;
  /** Waits until every client and every movement has ended; then asserts that all answers are stored and the invariants hold. */
  readonly assertKept: () => Promise<void>;
}

export interface LoadOptions {
  readonly seed: number;
  readonly transfers: number;
  readonly clients?: number;
}

interface Request {
  readonly key: string;
  readonly sender: string;
  readonly receiver: string;
  readonly amount: string;
}

interface Answered extends Request {
  readonly id: string;
  /** The end in the last answer, if the movement had ended by then. */
  ended: string | undefined;
}

const LIMIT_MS = 120_000;
/** For each request that is waited for, beside that: two a second. Two cores give 17 a second, and a third of it while others use them. */
const LIMIT_A_REQUEST_MS = 500;
const PAUSE_MS = 100;
/** The statuses of answers while something is down. */
const LATER = [429, 503];

export async function startLoad(money: Money, { seed, transfers, clients = 12 }: LoadOptions): Promise<Load> {
  const wallets = await Promise.all(([0, 1, 0, 1, 0, 1] as const).map((shard) => money.wallet(shard, '60')));
  // Credits to this wallet are refused, so that there are refunds.
  const suspended = await money.wallet(1);
  await money.api.post(`/v1/wallets/${suspended}/suspend`);
  const answered = new Map<string, Answered>();
  const unexpected: string[] = [];
  let successes = 0;

  const requestOf = (index: number): Request => {
    const [sender, ...others] = wallets.toSorted(
      (a, b) => draw(seed, 'order', index, a) - draw(seed, 'order', index, b),
    );
    const receiver = drawFrom([others[0]!, others[1]!, others[2]!, others[3]!, suspended], seed, 'receiver', index);
    return {
      key: `load-${seed}-${index}`,
      sender: sender!,
      receiver,
      amount: drawAmount(1, 20, seed, 'amount', index),
    };
  };

  /** Sends the request; returns whether it was answered, which a network error or a 503 is not. */
  const send = async (request: Request, prefer: string | undefined): Promise<boolean> => {
    const headers = { 'idempotency-key': request.key, ...(prefer === undefined ? {} : { prefer }) };
    const answer = await money.api.once
      .transfer(request.sender, request.receiver, request.amount, headers)
      .catch(() => undefined);
    if (answer === undefined || LATER.includes(answer.status)) return false;
    if (answer.status > 202) unexpected.push(`${answer.status} ${JSON.stringify(answer.body)}`);
    else note(request, answer.body);
    successes += 1;
    return true;
  };
  const note = (request: Request, { transfer_id: id, status }: Movement): void => {
    const known = answered.get(request.key) ?? { ...request, id, ended: undefined };
    if (known.id !== id) unexpected.push(`${request.key} names ${known.id} and ${id}`);
    if (['COMPLETED', 'FAILED', 'CANCELED'].includes(status)) known.ended = status;
    answered.set(request.key, known);
  };

  let next = 0;
  const runClient = async (): Promise<void> => {
    while (next < transfers) {
      const index = next++;
      const isRepeat = index > 0 && draw(seed, 'repeat', index) < 0.25;
      const request = requestOf(isRepeat ? Math.floor(draw(seed, 'which', index) * index) : index);
      const prefer = draw(seed, 'prefer', index) < 0.5 ? 'wait=5' : undefined;
      const givesUp = draw(seed, 'gives up', index) < 0.1;
      const sendUntil = Date.now() + LIMIT_MS;
      while (!(await send(request, prefer)) && !givesUp) {
        if (Date.now() > sendUntil) throw new Error(`${request.key} was not answered within ${LIMIT_MS / 1_000} s`);
        await sleep(PAUSE_MS);
      }
    }
  };
  const done = Promise.all(Array.from({ length: clients }, runClient));
  done.catch(() => {});

  return {
    untilAnswered(count) {
      const limitMs = LIMIT_MS + Math.max(0, count - successes) * LIMIT_A_REQUEST_MS;
      return until(limitMs, `fewer than ${count} requests were answered`, () => successes >= count);
    },
    async assertKept() {
      await done;
      assert.deepEqual(unexpected, []);
      await money.assertSound();
      await assertStored(money, seed, [...answered.values()]);
    },
  };
}

/** I4, from the client's side: each key that was answered names one movement, with the terms of its request. */
async function assertStored(money: Money, seed: number, answered: readonly Answered[]): Promise<void> {
  const rows = await money.rows<Record<string, string>>(
    'transfer',
    'SELECT * FROM transfers WHERE idempotency_key LIKE $1',
    [`load-${seed}-%`],
  );
  const stored = new Map(rows.map((row) => [row['idempotency_key'], row]));
  assert.equal(stored.size, rows.length, 'a key names two movements');
  for (const { key, id, sender, receiver, amount, ended } of answered) {
    const row = stored.get(key);
    assert.deepEqual(
      [row?.['transfer_id'], row?.['sender_wallet_id'], row?.['receiver_wallet_id'], Number(row?.['amount'])],
      [id, sender, receiver, Number(amount)],
    );
    if (ended !== undefined) assert.equal(row?.['status'], ended, `${id} was answered as ${ended}`);
  }
}
