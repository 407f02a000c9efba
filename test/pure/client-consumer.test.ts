import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient } from '../../client/client.ts';
import { logOf, PositionExpiredError, type EventPage } from '../../client/consumer/consumer.ts';

/** A client of an API that answers with these, in turn, and then with an empty log. */
function clientOf(...answers: { status?: number; body: object }[]) {
  const asked: string[] = [];
  const client = createClient({
    baseUrl: 'http://api',
    fetch: async (url) => {
      asked.push(url);
      const { status = 200, body } = answers.shift() ?? { body: { data: [], next_after: 9, head: 9 } };
      return new Response(JSON.stringify(body), { status });
    },
  });
  return { client, asked };
}

describe('the log as a source', () => {
  test('yields what follows a position, page after page, with the place to go on from', async () => {
    const { client, asked } = clientOf(
      { body: { data: [{ position: 6 }], next_after: 6, head: 9 } },
      { body: { data: [], next_after: 9, head: 9 } },
      { body: { data: [], next_after: 9, head: 9 } },
    );
    const ending = new AbortController();
    const pages: EventPage[] = [];
    const source = logOf(client, { types: ['a', 'b'], pageSize: 2, pollMs: 1 });
    for await (const page of source.read(5, ending.signal)) {
      pages.push(page);
      if (pages.length === 2) ending.abort();
    }
    assert.deepEqual(pages, [
      { events: [{ position: 6 }], readTo: 6 },
      { events: [], readTo: 9 },
    ]);
    assert.deepEqual(asked, [
      'http://api/v1/events?after=5&limit=2&types=a%2Cb',
      'http://api/v1/events?after=6&limit=2&types=a%2Cb',
    ]);
  });

  test('a position that is no longer kept is an error that says what to do', async () => {
    const body = { code: 'position_expired', title: 'gone', first_position: 101 };
    const { client } = clientOf({ status: 410, body });
    const pages = logOf(client).read(5, new AbortController().signal)[Symbol.asyncIterator]();
    await assert.rejects(pages.next(), (error: unknown) => {
      assert.ok(error instanceof PositionExpiredError);
      assert.deepEqual([error.code, error.position, error.firstPosition], ['position_expired', 5, 101]);
      assert.match(error.message, /resetConsumer\(store, name, 100\)/);
      return true;
    });
  });

  test('ends by its signal, be it while it waits for an answer', async () => {
    const ending = new AbortController();
    const client = createClient({
      baseUrl: 'http://api',
      fetch: (_, { signal }) =>
        new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error))),
    });
    const next = logOf(client).read(0, ending.signal)[Symbol.asyncIterator]().next();
    ending.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});
