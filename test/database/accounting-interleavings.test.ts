// Random interleavings: documents and postings of few sellers, in random order, repeated and at once from many connections, some of
// which are broken off. Afterwards numbers have no holes, each step was done once, and every trial balance is even.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import type { OrderId, ReturnId, TransferId, WalletId } from '../../domain/ids.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { booksOver, freshReturn, freshSeller, freshTransfer, type Books } from './books.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { freshOrder, refusalOf } from './order-steps.ts';

const CONNECTIONS = 20;
const ROUNDS = 10;

interface Course {
  readonly orderId: OrderId;
  readonly seller: WalletId;
  readonly paidBy: TransferId | undefined;
  readonly end: 'collect' | 'write_off' | 'stay_due';
  readonly returnId: ReturnId;
  readonly transferId: TransferId;
}

describe('documents from many connections at once', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let books: Books;
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('accounting', CONNECTIONS);
    books = booksOver(store);
  });
  after(() => cluster?.stop());

  const from1 = (end: number): number[] => Array.from({ length: end }, (_, index) => index + 1);

  test('fifty invoices and credit notes of a new seller, each asked for three times, are numbered 1 to 50 without holes', async () => {
    const seller = freshSeller();
    const orders = from1(50).map(() => freshOrder());
    const returns = new Map(orders.map((orderId) => [orderId, freshReturn(orderId)]));
    const [invoices, creditNotes] = await Promise.all([
      Promise.all([...orders, ...orders, ...orders].map((orderId) => books.invoice(orderId, { seller }))),
      Promise.all(
        [...orders, ...orders, ...orders].map((orderId) =>
          books.creditNote(orderId, { seller, returnId: returns.get(orderId)! }),
        ),
      ),
    ]);
    for (const [answers, table] of [
      [invoices, 'invoices'],
      [creditNotes, 'credit_notes'],
    ] as const) {
      assert.deepEqual(await books.numbers(table, seller), from1(50));
      const times = Map.groupBy(answers, ({ number }) => number);
      assert.deepEqual(
        [...times.keys()].sort((a, b) => a - b),
        from1(50),
      );
      for (const [number, same] of times) assert.equal(same.length, 3, `${table} ${number}`);
    }
  });

  test('of an invoice that is collected and written off at once, by many, one way wins and posts once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [orderId, seller] = [freshOrder(), freshSeller()];
      await books.invoice(orderId, { seller });
      const paidBy = freshTransfer();
      const collect = () => refusalOf(books.collect(orderId, { seller }, paidBy));
      const writeOff = () => refusalOf(books.writeOff(orderId, { seller }));
      const calls = round % 2 === 0 ? [collect, writeOff] : [writeOff, collect];
      const refusals = await Promise.all([...calls, ...calls, ...calls].map((call) => call()));
      assert.deepEqual(
        refusals.filter((refusal) => refusal !== undefined),
        Array(3).fill('step_fences_terms'),
      );
      const { wallet, bad_debt: lost, receivable } = await books.balances(seller);
      assert.equal(receivable, undefined);
      assert.deepEqual([wallet, lost].filter(Boolean), ['29.0002']);
    }
  });

  test('whatever order they come in, and though connections break, each is posted once and the books are even', async (t) => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    for (let round = 0; round < ROUNDS; round += 1) {
      const draws = drawsOf(seed, 'round', round);
      const sellers = [freshSeller(), freshSeller()] as const;
      const courses = from1(12).map((place): Course => {
        const orderId = freshOrder();
        return {
          orderId,
          seller: draws.from(sellers, 'seller', place),
          paidBy: draws.chance(0.5, 'paid', place) ? freshTransfer() : undefined,
          end: draws.from(['collect', 'write_off', 'stay_due'] as const, 'end', place),
          returnId: freshReturn(orderId),
          transferId: freshTransfer(),
        };
      });
      const calls = courses.flatMap((course) => [...callsOf(books, course), ...callsOf(books, course)]);
      const breaking = breakOff(store, draws.whole(1, 4, 'broken'));
      const tried = await Promise.allSettled(draws.shuffled(calls, 'calls').map((call) => call()));
      await breaking;
      const raised = tried.flatMap((each) => (each.status === 'rejected' ? [codeOf(each.reason)] : []));
      assert.equal(raised.includes('40P01'), false, 'no two documents wait for each other in a circle');
      // What raised, because what it builds on was not there yet or its connection broke, is tried again, as Temporal does.
      for (const course of courses) for (const call of callsOf(books, course)) await call();
      for (const seller of sellers)
        await look(
          seller,
          courses.filter((course) => course.seller === seller),
        );
    }
  });

  async function look(seller: WalletId, courses: readonly Course[]): Promise<void> {
    assert.deepEqual(await books.numbers('invoices', seller), from1(courses.length));
    assert.deepEqual(await books.numbers('credit_notes', seller), from1(courses.length));
    const settled = courses.filter(({ paidBy, end }) => paidBy === undefined && end !== 'stay_due').length;
    const [counted] = await rowsOf<{ journals: number }>(
      store.admin,
      `SELECT count(*)::int AS journals FROM journals WHERE seller_wallet_id = '${seller}'`,
    );
    // An invoice, a credit note and a refund each, and the settlements.
    assert.equal(counted?.journals, 3 * courses.length + settled);
    const inTenThousandths = Object.values(await books.balances(seller)).map((each) => BigInt(each.replace('.', '')));
    assert.equal(
      inTenThousandths.reduce((total, each) => total + each, 0n),
      0n,
    );
  }
});

/** The calls of an order's course, each of which may raise as long as those before it have not been made. */
function callsOf(
  books: Books,
  { orderId, seller, paidBy, end, returnId, transferId }: Course,
): (() => Promise<unknown>)[] {
  const settle = {
    collect: [() => books.collect(orderId, { seller }, transferId)],
    write_off: [() => books.writeOff(orderId, { seller })],
    stay_due: [],
  }[end];
  return [
    () => books.invoice(orderId, { seller, paidBy }),
    ...(paidBy === undefined ? settle : []),
    () => books.creditNote(orderId, { seller, returnId }),
    () => books.refund(orderId, { seller, returnId }, transferId),
  ];
}

function codeOf(error: unknown): unknown {
  return ((error as Error).cause as { code?: string } | undefined)?.code;
}

/** Ends connections of the service while they work. */
async function breakOff({ admin }: TestDatabase, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await admin.execute(sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'accounting_service' AND state = 'active' LIMIT 2`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
