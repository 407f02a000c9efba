// The acceptance of a movement when a dependency is slow, gone or at its bound: either nothing is stored and the request is
// refused, or it is stored and answered, in time.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Hono } from 'hono';
import { pino } from 'pino';
import { DrizzleQueryError } from 'drizzle-orm';
import { boundStarts } from '../../api/http/bound-starts.ts';
import { acceptMovement, type Requested } from '../../api/transfer/acceptance.ts';
import { boundedQuery } from '../../api/http/bounded-query.ts';
import { limitLoad } from '../../api/http/load-limits.ts';
import { answerProblem } from '../../api/http/problem.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import { withRequestContext } from '../../api/http/request-context.ts';
import type { TemporalMonitor } from '../../temporal/health.ts';

interface Row {
  readonly bodyHash: string;
  readonly state: string;
}

const never = new Promise<never>(() => {});
const client = {
  connection: { withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work() },
  workflow: { getHandle: () => ({ result: () => never }) },
} as never;

/** What the contract promises; a machine that does other things may add to it, and what hangs takes far longer. */
const ANSWER_LIMIT_MS = 2_000;
const NOISE_MS = 1_500;
/** How long a start is waited for: what does not wait for it is quicker. */
const START_LIMIT_MS = 1_500;

/** One route that accepts the same movement again and again, in a store of one. */
function setUp(
  changes: Partial<Requested<Row>> = {},
  { isDown = false, isBehind = false, isShardBehind = false, startsMax = 1_000 } = {},
) {
  const seen = { row: undefined as Row | undefined, starts: 0, suspicions: 0 };
  const monitor: TemporalMonitor = { isDown: () => isDown, suspect: () => (seen.suspicions += 1), stop: () => {} };
  const starts = boundStarts(client, monitor, { atOnceMax: startsMax, waitingMax: 0 });
  const draining = new AbortController();
  const requested = (bodyHash: string): Requested<Row> => ({
    kind: 'transfer',
    database: { $client: { options: { max: 10 } } } as never,
    workflowId: 'transfer/1',
    bodyHash,
    shards: [0],
    find: async () => seen.row,
    store: async () => {
      if (seen.row !== undefined) return undefined;
      seen.row = { bodyHash, state: 'PENDING' };
      return seen.row;
    },
    start: async () => {
      seen.starts += 1;
    },
    isWaitOver: (row) => row.state === 'COMPLETED',
    ...changes,
  });
  const app = new Hono<ApiEnv>()
    .use(withRequestContext(pino({ level: 'silent' })))
    .use(limitLoad({ requestsMax: 1_000, waitersMax: 1_000, settlementsMax: 1_000, bodyBytesMax: 1_000 }))
    .post('/:body', async (c) => {
      const { row, status } = await acceptMovement(
        c,
        {
          client,
          monitor,
          backlog: { isLong: () => isBehind },
          shardsBehind: { areAnyBehind: async () => isShardBehind, known: () => [] },
          starts,
          draining: draining.signal,
        },
        requested(c.req.param('body')),
      );
      return c.json(row, status);
    });
  app.onError(answerProblem);
  const post = async (body: string, prefer?: string) => {
    const startedAt = performance.now();
    const response = await app.request(`/${body}`, {
      method: 'POST',
      ...(prefer === undefined ? {} : { headers: { prefer } }),
    });
    const { code } = (await response.json()) as { code?: string };
    return { status: response.status, code, headers: response.headers, ms: performance.now() - startedAt };
  };
  return { post, seen, draining };
}

describe('repeats', () => {
  test('the first request stores and starts, a repeat is answered with the same movement and starts nothing', async () => {
    const { post, seen } = setUp();
    const first = await post('a');
    assert.deepEqual([first.status, first.headers.get('idempotent-replayed'), seen.starts], [202, null, 1]);
    const repeat = await post('a');
    assert.deepEqual([repeat.status, repeat.headers.get('idempotent-replayed'), seen.starts], [202, 'true', 1]);
  });

  test('the same key with another body is refused', async () => {
    const { post } = setUp();
    await post('a');
    const other = await post('b');
    assert.deepEqual([other.status, other.code], [422, 'idempotency_key_reused']);
  });

  test('a repeat that waits is answered 200 at once when the movement has ended', async () => {
    const { post, seen } = setUp();
    await post('a');
    seen.row = { bodyHash: 'a', state: 'COMPLETED' };
    const repeat = await post('a', 'wait=10');
    assert.deepEqual([repeat.status, repeat.headers.get('preference-applied')], [200, 'wait=10']);
    assert.ok(repeat.ms < START_LIMIT_MS, `${repeat.ms} ms`);
  });
});

describe('Temporal', () => {
  test('known to be down: a new movement is refused and not stored, a stored one is answered', async () => {
    const { post, seen } = setUp({}, { isDown: true });
    const refused = await post('a');
    assert.deepEqual(
      [refused.status, refused.code, refused.headers.get('retry-after'), seen.row],
      [503, 'temporal_unavailable', '1', undefined],
    );
    seen.row = { bodyHash: 'a', state: 'PENDING' };
    assert.equal((await post('a')).status, 202);
    assert.equal((await post('b')).status, 422);
  });

  test('workers far behind: a new movement is refused and not stored, a stored one is answered', async () => {
    const { post, seen } = setUp({}, { isBehind: true });
    const refused = await post('a');
    assert.deepEqual(
      [refused.status, refused.code, refused.headers.get('retry-after'), seen.row],
      [429, 'overloaded', '1', undefined],
    );
    seen.row = { bodyHash: 'a', state: 'PENDING' };
    assert.equal((await post('a')).status, 202);
    assert.equal((await post('b')).status, 422);
  });

  test('a wallet shard that is behind: a new movement is refused and not stored, a stored one is answered', async () => {
    const { post, seen } = setUp({}, { isShardBehind: true });
    const refused = await post('a');
    assert.deepEqual([refused.status, refused.code, seen.row], [503, 'wallet_shard_behind', undefined]);
    seen.row = { bodyHash: 'a', state: 'PENDING' };
    assert.equal((await post('a')).status, 202);
  });

  test('hanging: the movement is stored and answered 202 within two seconds, and the monitor is told', async () => {
    const { post, seen } = setUp({ start: () => never });
    const { status, ms } = await post('a');
    assert.equal(status, 202);
    assert.ok(ms < ANSWER_LIMIT_MS + NOISE_MS, `${ms} ms`);
    assert.equal(seen.suspicions, 1);
  });

  test('slower than the client prefers to wait: answered without blaming Temporal', async () => {
    const started = Promise.withResolvers<void>();
    const { post, seen } = setUp({ start: () => started.promise });
    const { status, ms } = await post('a', 'wait=0');
    started.resolve();
    assert.equal(status, 202);
    assert.ok(ms < START_LIMIT_MS, `${ms} ms`);
    assert.equal(seen.suspicions, 0);
  });

  test('refusing a start: the movement is stored and answered 202', async () => {
    const { post, seen } = setUp({ start: () => Promise.reject(new Error('unavailable')) });
    assert.equal((await post('a')).status, 202);
    assert.equal(seen.suspicions, 1);
  });

  test('starts under way are bounded: what goes beyond is answered at once and left to the sweep', async () => {
    let starts = 0;
    const { post, seen } = setUp(
      {
        start: () => {
          starts += 1;
          return never;
        },
      },
      { startsMax: 1 },
    );
    const hanging = post('a');
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen.row = undefined;
    const beyond = await post('b');
    assert.equal(beyond.status, 202);
    assert.ok(beyond.ms < START_LIMIT_MS, `${beyond.ms} ms`);
    assert.equal(starts, 1);
    await hanging;
  });
});

describe('the database', () => {
  test('frozen: 503 within two seconds, which says that the outcome is unknown and a repeat safe', async () => {
    const { post } = setUp({ store: () => never });
    const { status, code, headers, ms } = await post('a');
    assert.deepEqual([status, code, headers.get('retry-after')], [503, 'database_unavailable', '1']);
    assert.ok(ms < ANSWER_LIMIT_MS + NOISE_MS, `${ms} ms`);
  });

  test('slow, and Temporal hanging: still within two seconds', async () => {
    let row: Row | undefined;
    const store = async (): Promise<Row> => {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return (row = { bodyHash: 'a', state: 'PENDING' });
    };
    const { post } = setUp({ store, find: async () => row, start: () => never });
    const { status, ms } = await post('a');
    assert.equal(status, 202);
    assert.ok(ms < ANSWER_LIMIT_MS + NOISE_MS, `${ms} ms`);
  });

  test('without a free connection: a transfer that is moved in a group waits for one in the line alone', async () => {
    const database = { $client: { options: { max: 1 } } } as never;
    const occupied = boundedQuery(database, () => never).catch(() => {});
    const row = { bodyHash: 'a', state: 'PENDING' };
    const { post } = setUp({
      database,
      enterLine: async () => ({
        row,
        group: { workflowId: 'group/g', started: Promise.resolve(), ended: async () => row },
      }),
    });
    const { status, ms } = await post('a');
    assert.equal(status, 202);
    assert.ok(ms < 1_000, `${ms} ms`);
    await occupied;
  });

  test('gone: 503; a mistake in a query: 500', async () => {
    const gone = new DrizzleQueryError(
      'select',
      [],
      Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    );
    assert.equal((await setUp({ store: () => Promise.reject(gone) }).post('a')).code, 'database_unavailable');
    assert.equal(
      (await setUp({ store: () => Promise.reject(new TypeError('a bug')) }).post('a')).code,
      'internal_error',
    );
  });
});

test('those who wait are answered 202 at once when the server drains', async () => {
  const { post, draining } = setUp();
  const waiting = post('a', 'wait=30');
  await new Promise((resolve) => setTimeout(resolve, 50));
  draining.abort();
  const { status, headers, ms } = await waiting;
  assert.deepEqual([status, headers.get('preference-applied')], [202, null]);
  assert.ok(ms < 20_000, `${ms} ms`);
});
