// The stream of events of a real stack, by the client: while money moves, and while the API is killed again and again.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { createClient, type Client, type Event } from '../../client/client.ts';
import { readStream, refusal, type Reading } from '../pure/event-stream-reading.ts';
import { killAndAwaitNext } from './faults.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

const LIMIT_MS = 120_000;
const KILLS = 3;

/** Gathers what a stream yields until it is told to stop. */
function gather(client: Client, after: number) {
  const stopping = new AbortController();
  const events: Event[] = [];
  const run = async (): Promise<void> => {
    for await (const event of client.events.stream({ after, signal: stopping.signal })) events.push(event);
  };
  const ended = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    events,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

describe('the stream of events', () => {
  let stack: TestStack;
  let money: Money;
  let client: Client;
  let alice: string;
  let bob: string;
  useStack((started) => ({ stack, money } = started));
  before(async () => {
    // More tries than a process needs to come back.
    client = createClient({ baseUrl: stack.api, headers: stack.authorization, attemptsMax: 20 });
    [alice, bob] = await Promise.all([money.wallet(0, '1000'), money.wallet(1)]);
  });

  const head = async (): Promise<number> => (await client.events.list({ limit: 1 })).head;
  const transfer = (): Promise<{ transfer_id: string; status: string }> =>
    client.transfers.create(
      { sender_wallet_id: alice, receiver_wallet_id: bob, amount: '1.00' },
      { idempotencyKey: randomUUID(), waitSeconds: 30 },
    );

  test('has the events of a transfer, each once and those of each subject in order', async () => {
    const gathered = gather(client, await head());
    const { transfer_id } = await transfer();
    const own = (): Event[] =>
      gathered.events.filter(({ subject, data }) => subject === transfer_id || data['transfer_id'] === transfer_id);
    await until(LIMIT_MS, 'not all have come', () => own().length === 4);
    await gathered.stop();
    assert.deepEqual(
      Object.fromEntries(
        [...Map.groupBy(own(), ({ subject }) => subject)].map(([subject, of]) => [subject, of.map(({ type }) => type)]),
      ),
      {
        [transfer_id]: ['transfer.initiated', 'transfer.completed'],
        [alice]: ['wallet.debited'],
        [bob]: ['wallet.credited'],
      },
    );
    for (const event of own()) assert.deepEqual(await client.events.get(event.position), event);
  });

  test('goes on behind the last event when the API is killed: none is missing, and none comes twice', async () => {
    const from = await head();
    const gathered = gather(client, from);
    const made: string[] = [];
    let isOver = false;
    const load = async (): Promise<void> => {
      while (!isOver) made.push((await transfer()).transfer_id);
    };
    const loads = Promise.all([load(), load(), load()]);
    try {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const count = gathered.events.length;
        await until(LIMIT_MS, 'nothing comes', () => gathered.events.length > count + 20);
        await killAndAwaitNext(stack, 'app');
        await stack.waitUntilReady();
      }
    } finally {
      isOver = true;
      await loads;
    }
    const completed = (): Set<string> =>
      new Set(gathered.events.filter(({ type }) => type === 'transfer.completed').map(({ subject }) => subject));
    await until(LIMIT_MS, 'not all have come', () => made.every((id) => completed().has(id)));
    await gathered.stop();
    assert.deepEqual(
      gathered.events.map(({ position }) => position),
      gathered.events.map((_, at) => from + at + 1),
    );
  });

  test('goes on behind Last-Event-ID, and refuses what is nonsense or not there yet', async () => {
    const path = `${stack.api}/v1/events/stream`;
    const newest = await head();
    const reading = await readStream(path, { ...stack.authorization, 'Last-Event-ID': String(newest - 2) });
    await reading.until(2);
    assert.deepEqual(reading.ids, [newest - 1, newest]);
    reading.leave();
    for (const [id, code] of [
      ['yesterday', 'last_event_id_invalid'],
      [String(newest + 1_000), 'position_unknown'],
    ] as const) {
      const problem = await refusal(path, { ...stack.authorization, 'Last-Event-ID': id });
      assert.deepEqual([problem.status, problem.code], [400, code]);
    }
  });

  test('ends for everyone when the process is told to stop, which then drains as without streams', async () => {
    const open = async (): Promise<Reading> => readStream(`${stack.api}/v1/events/stream`, stack.authorization);
    const readings = await Promise.all(Array.from({ length: 200 }, open));
    const pid = stack.process('app');
    stack.kill('app', 'SIGTERM');
    await Promise.all(readings.map(({ ended }) => ended));
    await until(LIMIT_MS, 'no new process', () => stack.process('app') !== undefined && stack.process('app') !== pid);
    await stack.waitUntilReady();
    assert.equal(await stack.stop(), 0);
  });
});
