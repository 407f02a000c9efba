// The line in which plain transfers wait to be moved in groups, by itself: its database and its Temporal are fakes that hold up, fail
// or hang as a test wants.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getTableColumns } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { InLine } from '../../api/transfer/accept-group.ts';
import { createGroupLine } from '../../api/transfer/group-line.ts';
import type { ProblemError } from '../../api/http/problem.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import { transfers } from '../../db/transfer/schema.ts';
import { transferId } from '../../domain/derived-id.ts';
import { INSTALLATION } from './api-fakes.ts';

const never = new Promise<never>(() => {});
const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
/** What the contract promises where something is down; a machine that does other things may add to it. */
const ANSWER_LIMIT_MS = 2_000;
const NOISE_MS = 1_500;

interface Faults {
  readonly groupMax?: number;
  /** Called before a statement that accepts these transfers takes effect. */
  readonly accepting?: (ids: readonly string[]) => Promise<void> | void;
  /** Resolves when the nth group has ended, from 0. */
  readonly ending?: (nth: number) => Promise<void>;
  readonly starting?: () => Promise<void>;
}

function setUp({ groupMax = 100, accepting, ending = async () => {}, starting = async () => {} }: Faults = {}) {
  const stored = new Map<string, string>();
  /** The ids of each statement that accepted some, and of each group that was started. */
  const statements: string[][] = [];
  const groups: string[][] = [];
  const columns = Object.values(getTableColumns(transfers));
  const rowOf = (id: string) =>
    Object.fromEntries(
      columns.map(({ name }) => [name, { transfer_id: id, status: stored.get(id) }[name as 'status'] ?? null]),
    );
  const query = async (statement: { text: string; values: unknown[] }, values = statement.values) => {
    const [first] = values as [string | string[]];
    const ids = Array.isArray(first) ? first : [first];
    if (!statement.text.includes('INSERT INTO transfers'))
      return { rows: ids.filter((id) => stored.has(id)).map((id) => columns.map(({ name }) => rowOf(id)[name])) };
    statements.push(ids);
    assert.equal(new Set(ids).size, ids.length, 'an id is in a statement twice');
    await sleep(1);
    await accepting?.(ids);
    const fresh = ids.filter((id) => !stored.has(id));
    for (const id of fresh) stored.set(id, 'PENDING');
    return { rows: fresh.map(rowOf) };
  };
  const client = {
    connection: {
      withAbortSignal: async (signal: AbortSignal, work: () => Promise<unknown>) =>
        Promise.race([
          work(),
          new Promise((_, reject) => {
            if (signal.aborted) reject(new Error('given up'));
            signal.addEventListener('abort', () => reject(new Error('given up')));
          }),
        ]),
    },
    workflow: {
      start: async (_type: string, { args: [{ transferIds }] }: { args: [{ transferIds: string[] }] }) => {
        groups.push(transferIds);
        await starting();
      },
      getHandle: () => {
        const nth = groups.length - 1;
        const end = async (): Promise<void> => {
          await ending(nth);
          for (const id of groups[nth]!) stored.set(id, 'COMPLETED');
        };
        return { result: end };
      },
    },
  } as never;
  const seen = { suspicions: 0 };
  const draining = new AbortController();
  const line = createGroupLine({
    groupMax,
    database: drizzle({ query, options: { max: 10 } } as never),
    client,
    starter: {
      client,
      binding: { verify: async () => INSTALLATION },
      isStillOpen: async () => true,
      walletShardCount: 2,
      dispatch: 'ordinary',
    },
    monitor: { suspect: () => (seen.suspicions += 1) },
    log: { warn: () => {} } as never,
    draining: draining.signal,
  });
  const accept = (key: string, reference = ''): Promise<InLine<Transfer> | undefined> =>
    line.accept({
      terms: {
        transferId: transferId(key),
        senderWalletId: key,
        receiverWalletId: key,
        amount: '1.0000',
        currency: 'USD',
      } as never,
      acceptance: { reference, metadata: undefined, idempotencyKey: key, bodyHash: '00', deadlineSeconds: 600 },
      trace: { requestId: key },
    });
  const acceptAll = (keys: readonly string[], reference?: string) =>
    Promise.all(keys.map((key) => accept(key, reference)));
  return { accept, acceptAll, statements, groups, stored, seen, draining };
}

const keysOf = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
const idsOf = (keys: readonly string[]) => keys.map((key) => transferId(key) as string);

describe('the line', () => {
  test('accepts a transfer that finds nobody before it alone, at once', async () => {
    const { accept, groups, statements } = setUp();
    const first = await accept('a');
    assert.deepEqual([first?.row.transferId, first?.group, groups], [transferId('a'), undefined, []]);
    await accept('b');
    assert.deepEqual(
      statements,
      idsOf(['a', 'b']).map((id) => [id]),
    );
  });

  test('makes those that arrive while a group is under way the next group, in the order of their arrival', async () => {
    const gate = Promise.withResolvers<void>();
    const { acceptAll, groups, statements } = setUp({
      ending: (nth) => (nth === 0 ? gate.promise : Promise.resolve()),
    });
    const first = await acceptAll(keysOf('first', 4));
    const second = acceptAll(keysOf('second', 5));
    const third = acceptAll(keysOf('third', 2));
    await sleep(50);
    assert.equal(statements.length, 2, 'the others wait for the first group');
    gate.resolve();
    const accepted = [...(await second), ...(await third)];
    const all = [...keysOf('second', 5), ...keysOf('third', 2)];
    assert.deepEqual(
      accepted.map((each) => each?.row.transferId),
      idsOf(all),
    );
    assert.deepEqual(groups, [idsOf(keysOf('first', 4).slice(1)), idsOf(all)]);
    assert.equal(first[0]?.group, undefined);
    const ended = await Promise.all(accepted.map(async (each) => each?.group?.ended()));
    assert.ok(ended.every((row) => row?.status === 'COMPLETED'));
  });

  test('bounds a group by number, and by the characters of its references', async () => {
    const few = setUp({ groupMax: 3 });
    await few.acceptAll(keysOf('few', 9));
    assert.deepEqual(
      few.statements.map((ids) => ids.length),
      [1, 3, 3, 2],
    );
    const long = setUp();
    await long.acceptAll(keysOf('long', 6), 'x'.repeat(400_000));
    assert.deepEqual(
      long.statements.map((ids) => ids.length),
      [1, 2, 2, 1],
    );
    const tooLong = setUp();
    await tooLong.acceptAll(keysOf('too-long', 3), 'x'.repeat(1_100_000));
    assert.deepEqual(
      tooLong.statements.map((ids) => ids.length),
      [1, 1, 1],
    );
  });

  test('accepts a key once, however often it comes at once, and nobody takes a turn for a repeat', async () => {
    const { acceptAll, groups, stored, statements } = setUp({ ending: () => sleep(20) });
    const keys = ['x', ...Array.from({ length: 40 }, () => 'a'), ...keysOf('other', 3)];
    const answers = await acceptAll(keys);
    assert.equal(answers.filter((each) => each?.row.transferId === transferId('a')).length, 1);
    assert.equal(answers.filter((each) => each === undefined).length, 39);
    assert.deepEqual(groups, [idsOf(['a', ...keysOf('other', 3)])]);
    assert.deepEqual([stored.size, statements.length], [5, 2]);
  });

  test('leaves out of the group what is stored already, and starts no group of nobody', async () => {
    const { acceptAll, groups } = setUp();
    await acceptAll(['a', 'b', 'c']);
    assert.deepEqual(await acceptAll(['a', 'b', 'c']), [undefined, undefined, undefined]);
    const some = await acceptAll(['x', 'b', 'd']);
    assert.deepEqual(
      some.map((each) => each?.row.transferId),
      [transferId('x'), undefined, transferId('d')],
    );
    assert.deepEqual(groups, [idsOf(['b', 'c']), idsOf(['x', 'd'])]);
  });
});

describe('an acceptance that fails', () => {
  test('because the database is gone: each of the group is answered 503, and the next ones are accepted', async () => {
    const { acceptAll, groups, accept } = setUp({
      accepting: (ids) => (ids.length > 1 ? Promise.reject(gone) : undefined),
    });
    const [first, ...others] = await Promise.allSettled(keysOf('a', 5).map((key) => accept(key)));
    assert.equal(first!.status, 'fulfilled');
    for (const each of others)
      assert.equal(each.status === 'rejected' && (each.reason as ProblemError).code, 'database_unavailable');
    assert.deepEqual(groups, []);
    assert.equal((await acceptAll(['b']))[0]?.row.transferId, transferId('b'));
  });

  test('by another error: each is accepted alone, and only the one at fault is refused', async () => {
    const bad = transferId('a-2');
    const { accept, groups, stored } = setUp({
      accepting: (ids) => (ids.includes(bad) ? Promise.reject(new TypeError('a bug')) : undefined),
    });
    const answers = await Promise.allSettled(keysOf('a', 5).map((key) => accept(key)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    assert.ok(answers.every((each) => each.status === 'rejected' || each.value?.group === undefined));
    assert.deepEqual([groups, stored.size], [[], 4]);
  });

  test('is repeated by the next call with the same key, which accepts it', async () => {
    let isFirst = true;
    const { accept, stored } = setUp({
      accepting: () => {
        if (!isFirst) return;
        isFirst = false;
        throw gone;
      },
    });
    const [first, second, third] = await Promise.allSettled([accept('a'), accept('a'), accept('a')]);
    assert.equal(first.status, 'rejected');
    const values = [second, third].map((each) => (each.status === 'fulfilled' ? each.value : 'rejected'));
    assert.equal(values.filter((each) => each === undefined).length, 1);
    assert.equal(stored.size, 1);
  });

  test('to answer holds up nobody for longer than two seconds, however many are in line', async () => {
    let isFrozen = false;
    const { accept, acceptAll } = setUp({ groupMax: 20, accepting: () => (isFrozen ? never : undefined) });
    await acceptAll(['before']);
    isFrozen = true;
    const startedAt = performance.now();
    const tookMs: number[] = [];
    await Promise.all(
      keysOf('a', 150).map(async (key, n) => {
        await sleep(n * 4);
        const from = performance.now();
        const code = await accept(key).then(
          () => 'accepted',
          (error: ProblemError) => error.code,
        );
        assert.equal(code, 'database_unavailable');
        tookMs.push(performance.now() - from);
      }),
    );
    const longestMs = Math.max(...tookMs);
    assert.ok(longestMs < ANSWER_LIMIT_MS + NOISE_MS, `${longestMs} ms of ${performance.now() - startedAt} ms`);
  });
});

describe('a group', () => {
  test('that takes longer than the patience holds up neither the next one nor all the others in line', async () => {
    const { acceptAll, groups } = setUp({ groupMax: 10, ending: () => never });
    const startedAt = performance.now();
    const answers = await acceptAll(keysOf('a', 91));
    const tookMs = performance.now() - startedAt;
    assert.ok(answers.every((each) => each !== undefined));
    assert.equal(groups.length, 9);
    assert.ok(tookMs < ANSWER_LIMIT_MS + NOISE_MS, `${tookMs} ms`);
  });

  test('that is slow, and others before it that are as slow, keep nobody in line for longer than one may', async () => {
    const { acceptAll, groups } = setUp({ groupMax: 10, ending: () => sleep(900) });
    const startedAt = performance.now();
    const answers = await acceptAll(keysOf('a', 61));
    const tookMs = performance.now() - startedAt;
    assert.ok(answers.every((each) => each !== undefined));
    assert.equal(groups.length, 6);
    assert.ok(tookMs < ANSWER_LIMIT_MS + NOISE_MS, `${tookMs} ms`);
  });

  test('whose start hangs holds up the line no longer, and is told as not started', async () => {
    const { acceptAll, groups } = setUp({ groupMax: 10, starting: () => never });
    const startedAt = performance.now();
    const answers = await acceptAll(keysOf('a', 51));
    const tookMs = performance.now() - startedAt;
    assert.equal(groups.length, 5);
    assert.ok(tookMs < ANSWER_LIMIT_MS + NOISE_MS, `${tookMs} ms`);
    assert.equal(await Promise.race([answers[1]!.group!.started.then(() => 'started'), sleep(20, 'hangs')]), 'hangs');
  });

  test('whose start fails answers at once, tells the monitor, and leaves the rows to the sweep', async () => {
    const { acceptAll, seen, stored } = setUp({ starting: () => Promise.reject(new Error('unavailable')) });
    const startedAt = performance.now();
    const answers = await acceptAll(keysOf('a', 4));
    await answers[1]!.group!.started;
    const ended = await answers[1]!.group!.ended();
    assert.ok(performance.now() - startedAt < NOISE_MS);
    assert.deepEqual([ended?.status, seen.suspicions, stored.size], ['PENDING', 1, 4]);
  });

  test('is not waited for any more when the server drains', async () => {
    const { acceptAll, draining } = setUp({ ending: () => never });
    const [, first] = await acceptAll(keysOf('first', 3));
    const second = acceptAll(keysOf('second', 3));
    const ended = first!.group!.ended();
    draining.abort();
    assert.equal((await ended)?.status, 'PENDING');
    assert.ok(
      (await second).every((each) => each?.row.status === 'PENDING'),
      'those in line are accepted all the same',
    );
  });
});
