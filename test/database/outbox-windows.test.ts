// A look at an outbox reads what is new in it, however much is there that was read before: while transfers are moved, the relay looks
// many times a second. PostgreSQL itself counts the rows, so a busy machine changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { closeDatabases, openDatabase, type Database } from '../../db/database.ts';
import { continueWindow, openWindow, readingByIndexes } from '../../db/outbox-queries.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';

const TRANSACTIONS = 200;
const ROWS_EACH = 100;
const NEW_ROWS = 150;
/** PostgreSQL takes a plan that is made for no values in particular from the sixth time on. */
const LOOKS = 8;
const PAGE = { rowsMax: 2_000, eventsMax: 4_000 };

describe('a window of an outbox', () => {
  let cluster: TestCluster;
  let outbox: Database;
  before(async () => {
    cluster = await startCluster();
    const { transfer } = await cluster.createStores();
    outbox = openDatabase(transfer.adminUrl, {
      ...{ applicationName: 'test', connectionsMax: 1, queryTimeoutMs: 30_000 },
      admit: readingByIndexes(async () => {}),
    });
    // As in a new installation: what the plans are made for is an empty outbox.
    const end = await present();
    for (let look = 0; look < LOOKS; look += 1) {
      await openWindow(outbox, end, PAGE);
      await continueWindow(outbox, end, { end, sequence: 0 }, PAGE);
    }
    for (let n = 0; n < TRANSACTIONS; n += 1) await emit(ROWS_EACH);
  });
  after(async () => {
    await closeDatabases([outbox]);
    await cluster?.stop();
  });

  const emit = (rows: number): Promise<unknown> =>
    rowsOf(
      outbox,
      `INSERT INTO outbox_events (event_id, type, subject, payload)
       SELECT gen_random_uuid(), 'test.happened', 'a', '{"id": "1"}' FROM generate_series(1, ${rows})`,
    );
  /** The rows of the outbox that were read meanwhile, by an index or not. */
  const readBy = async (work: () => Promise<unknown>): Promise<number> => {
    const counted = async (): Promise<number> => {
      await rowsOf(outbox, 'SELECT pg_stat_force_next_flush()');
      const [row] = await rowsOf<{ n: string }>(
        outbox,
        `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS n FROM pg_stat_user_tables WHERE relname LIKE 'outbox\\_events\\__'`,
      );
      return Number(row!.n);
    };
    const earlier = await counted();
    await work();
    return (await counted()) - earlier;
  };
  const present = async (): Promise<string> => (await openWindow(outbox, undefined, { rowsMax: 1, eventsMax: 1 })).end;

  for (const analyzed of [false, true])
    test(`costs what is new, ${analyzed ? 'with' : 'without'} statistics`, async () => {
      if (analyzed) await rowsOf(outbox, 'ANALYZE outbox_events');
      for (let look = 0; look < LOOKS; look += 1) {
        const since = await present();
        await emit(NEW_ROWS);
        let found = 0;
        const read = await readBy(async () => {
          found = (await openWindow(outbox, since, PAGE)).rows.length;
        });
        assert.equal(found, NEW_ROWS);
        assert.ok(read <= 2 * NEW_ROWS, `${read} rows were read for ${NEW_ROWS}, at look ${look}`);
      }
    });

  test('whose pages are many is read a page at a time', async () => {
    const since = await present();
    for (let n = 0; n < 10; n += 1) await emit(NEW_ROWS);
    const limits = { rowsMax: NEW_ROWS, eventsMax: 4_000 };
    const sequences: number[] = [];
    let page = await openWindow(outbox, since, limits);
    sequences.push(...page.rows.map(({ sequence }) => sequence));
    while (page.hasMore) {
      const { end } = page;
      const read = await readBy(async () => {
        page = await continueWindow(outbox, since, { end, sequence: sequences.at(-1)! }, limits);
      });
      assert.ok(read <= 2 * NEW_ROWS, `${read} rows were read for a page of ${NEW_ROWS}`);
      sequences.push(...page.rows.map(({ sequence }) => sequence));
    }
    assert.equal(sequences.length, 10 * NEW_ROWS);
    assert.deepEqual(
      sequences,
      [...new Set(sequences)].sort((a, b) => a - b),
    );
  });
});
