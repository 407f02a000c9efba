// One of an installation's databases is restored from an older backup, and the others go on from where they were; for each of
// them in turn, as docs/restoring.md says. Every cent is where the books say, or a case names the movement whose money is not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { audit, type AuditReport } from '../../audit/audit.ts';
import { lookUpWorkflows } from '../../audit/workflows.ts';
import type { Case, CaseWithHistory, EventSource, ReconciliationRun } from '../../client/client.ts';
import { openDatabase, type Database } from '../../db/database.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { backUp, KEPT, restore, type Kept } from './backups.ts';
import { openMoney, type Money } from './money.ts';
import { rebind } from './rebind.ts';
import { startStack, until, type TestStack } from './stack.ts';

type Shard = 'wallet-0' | 'wallet-1';
const SHARDS: readonly Shard[] = ['wallet-0', 'wallet-1'];
const LIMIT_MS = 120_000;
/** A movement whose row is younger may not have been started yet, as far as the reconciliation knows. */
const AGREEMENT_LIMIT_MS = 90_000;

interface Made {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly key: string;
  readonly id: string;
}

/** What a shard has: the entries' sum of each movement in each of its wallets, and its fences. */
type Books = ReadonlyMap<string, string>;

describe('one database is restored, the others are not', () => {
  let stack: TestStack;
  let money: Money;
  /** By name: what was made before the backup, and since. */
  const made = new Map<string, Made>();
  const balances: Record<string, string> = {};
  let books: Record<Shard, Books>;
  let wallets: readonly string[];

  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    money = await openMoney(stack);
    const [a, b] = [await money.wallet(0, '1000'), await money.wallet(0, '1000')];
    const [c, d] = [await money.wallet(1, '1000'), await money.wallet(1, '1000')];
    await transfer('before', { sender: a, receiver: c, amount: '1' });
    await transfer('captured', { sender: a, receiver: c, amount: '10', isHold: true });
    await transfer('held before', { sender: c, receiver: a, amount: '3', isHold: true });
    await stopAnd(() => backUp(stack, 'before'));

    const fresh = await money.wallet(0);
    wallets = [a, b, c, d, fresh];
    await transfer('over', { sender: a, receiver: c, amount: '20' });
    await transfer('back', { sender: d, receiver: b, amount: '30' });
    await transfer('within 0', { sender: a, receiver: b, amount: '5' });
    await transfer('within 1', { sender: c, receiver: d, amount: '7' });
    await transfer('refused', { sender: a, receiver: d, amount: '5000' });
    await transfer('to a new wallet', { sender: d, receiver: fresh, amount: '2' });
    await transfer('held', { sender: b, receiver: d, amount: '8', isHold: true });
    await transfer('canceled', { sender: d, receiver: b, amount: '9', isHold: true });
    await money.api.post(`/v1/transfers/${idOf('canceled')}/cancel`, {});
    await money.api.post(`/v1/transfers/${idOf('captured')}/capture`, { amount: '4' });
    await make('deposited', '/v1/transactions', { wallet_id: b, type: 'CREDIT', amount: '50' });
    await make('withdrawn', '/v1/transactions', { wallet_id: d, type: 'DEBIT', amount: '60' });
    for (const wallet of wallets) balances[wallet] = await money.api.balance(wallet);
    books = { 'wallet-0': await booksOf('wallet-0'), 'wallet-1': await booksOf('wallet-1') };
    await untilWatermarksAreOf(SHARDS);
    await stopAnd(() => backUp(stack, 'after'));
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  async function make(name: string, path: string, body: Record<string, unknown>, key: string = randomUUID()) {
    const answer = await money.api.post<Record<string, string>>(path, body, {
      'idempotency-key': key,
      prefer: 'wait=30',
    });
    assert.ok([200, 202].includes(answer.status), JSON.stringify(answer.body));
    const id = (answer.body['transfer_id'] ?? answer.body['transaction_id'])!;
    made.set(name, { path, body, key, id });
    return answer.body;
  }

  function transfer(
    name: string,
    {
      sender,
      receiver,
      amount,
      isHold = false,
    }: { sender: string; receiver: string; amount: string; isHold?: boolean },
  ) {
    const hold = isHold ? { capture_method: 'manual' } : {};
    return make(name, '/v1/transfers', { sender_wallet_id: sender, receiver_wallet_id: receiver, amount, ...hold });
  }

  /** As a client whose answer was lost sends it again. */
  async function again(name: string, change: Record<string, unknown> = {}): Promise<Record<string, string>> {
    const { path, body, key } = made.get(name)!;
    return make(`${name} again`, path, { ...body, ...change }, key);
  }

  function idOf(name: string): string {
    return made.get(name)!.id;
  }

  async function stopAnd(use: () => Promise<void>): Promise<void> {
    await money.close();
    await stack.stop();
    await use();
    await stack.start();
    await stack.waitUntilReady();
    money = await openMoney(stack);
  }

  /** What was of afterwards is of afterwards again, but for this one; and everything is bound anew. */
  async function restoreAlone(kept: Kept): Promise<string> {
    let output = '';
    await stopAnd(async () => {
      await restore(
        stack,
        Object.fromEntries(KEPT.map((each) => [each, each === kept ? 'before' : 'after'])) as Record<Kept, string>,
      );
      const rebound = await rebind(stack, '--moved');
      assert.equal(rebound.code, 0, rebound.output);
      output = rebound.output;
    });
    await resumeSources();
    return output;
  }

  /** The relay reads none of the outboxes, which all are in new databases, until somebody says so. */
  async function resumeSources(): Promise<void> {
    const sources = async (): Promise<EventSource[]> =>
      (await money.api.get<{ data: EventSource[] }>('/v1/event-sources')).body.data;
    await until(LIMIT_MS, 'the relay has not noticed', async () =>
      (await sources()).every(({ status }) => status === 'STOPPED'),
    );
    for (const { source } of await sources()) {
      const { status } = await money.api.post(
        `/v1/event-sources/${source}/resume`,
        { comment: 'A drill.' },
        { 'x-actor': 'alice' },
      );
      assert.equal(status, 200);
    }
    await until(LIMIT_MS, 'the outboxes are not copied', async () =>
      (await sources()).every(({ last_resume: resume }) => typeof resume?.completed_at === 'string'),
    );
  }

  async function booksOf(place: Shard): Promise<Books> {
    const rows = await money.rows<{ key: string; value: string }>(
      place,
      `SELECT transaction_id || ' in ' || wallet_id AS key, sum(CASE type WHEN 'DEBIT' THEN -amount ELSE amount END)::text AS value
       FROM ledger_entries GROUP BY transaction_id, wallet_id
       UNION ALL SELECT transaction_id || ' ' || leg, outcome FROM operation_fences`,
    );
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  /** The movements of which a shard lacks something that it had afterwards. */
  async function lackedBy(place: Shard): Promise<Set<string>> {
    const now = await booksOf(place);
    return new Set(
      [...books[place]].filter(([key, value]) => now.get(key) !== value).map(([key]) => key.split(' ')[0]!),
    );
  }

  /** Until what is kept of a shard is its last leg, which it is a moment after that was decided. */
  async function untilWatermarksAreOf(shards: readonly Shard[]): Promise<void> {
    await until(LIMIT_MS, 'the watermarks are of before', async () => {
      const known = await money.rows<{ shard: number; movement_id: string }>(
        'transfer',
        'SELECT * FROM shard_watermarks',
      );
      const newest = await Promise.all(
        shards.map(async (place) => {
          const [row] = await money.rows<{ transaction_id: string }>(
            place,
            'SELECT transaction_id FROM operation_fences ORDER BY created_at DESC, transaction_id DESC LIMIT 1',
          );
          return row!.transaction_id;
        }),
      );
      return newest.every((id, shard) => known.some((row) => row.shard === shard && row.movement_id === id));
    });
  }

  const openCases = async (): Promise<Case[]> =>
    (await money.api.get<{ data: Case[] }>('/v1/cases?status=OPEN&limit=200')).body.data;

  async function run(scope: 'all' | 'changes'): Promise<ReconciliationRun> {
    const { body } = await money.api.post<ReconciliationRun>(
      '/v1/reconciliation-runs',
      { scope },
      { prefer: 'wait=60' },
    );
    assert.ok(['CLEAN', 'REPAIRED', 'FOUND'].includes(body.status), JSON.stringify(body));
    assert.equal(body.from === null, scope === 'all', 'everything has no beginning');
    return body;
  }

  async function resolve(subject: string, action: 'close' | 'refund' | 'retry'): Promise<CaseWithHistory> {
    const found = (await openCases()).find((each) => each.subject === subject);
    assert.ok(found, `there is no open case of ${subject}`);
    const headers = { 'x-actor': 'alice' };
    const { status, body } = await money.api.post<CaseWithHistory>(
      `/v1/cases/${found.case_id}/resolve`,
      { action, comment: 'A drill.' },
      headers,
    );
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async function audited(): Promise<AuditReport> {
    const { databases } = stack.file();
    const opened = Object.fromEntries(
      [...SHARDS, 'transfer', 'events'].map((place) => [
        place,
        openDatabase(databases[place]!, {
          applicationName: 'counterpoise-test',
          connectionsMax: 3,
          queryTimeoutMs: 30_000,
        }),
      ]),
    ) as Record<Shard | 'transfer' | 'events', Database>;
    try {
      const shards = SHARDS.map((place) => opened[place]);
      return await audit(
        { wallets: shards, transfer: opened.transfer, events: opened.events },
        lookUpWorkflows(money.temporal),
        {
          patienceMs: 1_000,
        },
      );
    } finally {
      await Promise.all(Object.values(opened).map((database) => database.$client.end()));
    }
  }

  /** The movements that the audit names, and what it names beside them. */
  function namedBy({ violations }: AuditReport): { movements: Set<string>; others: string[] } {
    const ids = violations.map(({ subject }) => /^(?:transfer|transaction|movement) (\S+)$/.exec(subject)?.[1]);
    return {
      movements: new Set(ids.filter((id) => id !== undefined)),
      others: violations.filter((_, index) => ids[index] === undefined).map(({ subject }) => subject),
    };
  }

  const asMovements = (cases: readonly Case[]): Set<string> =>
    new Set(cases.filter(({ subject }) => !subject.startsWith('shard/')).map(({ subject }) => subject.split('/')[1]!));

  for (const [shard, place] of SHARDS.entries()) {
    test(`${place}: nothing is accepted that would move money in it, and each movement that it lacks is a case`, async () => {
      assert.match(await restoreAlone(place), new RegExp(`wallet shard ${shard} was restored from before`));
      const [inIt, elsewhere] = shard === 0 ? [wallets[0]!, wallets[2]!] : [wallets[2]!, wallets[0]!];
      const other = shard === 0 ? wallets[3]! : wallets[1]!;
      const refused = await money.api.transfer(elsewhere, inIt, '1');
      assert.deepEqual(
        [refused.status, (refused.body as unknown as { code: string }).code],
        [503, 'wallet_shard_behind'],
      );
      const ready = await money.api.get('/health/ready');
      assert.deepEqual([ready.status, ready.body['shards_behind']], [200, [shard]]);
      const capture = await money.api.post(`/v1/transfers/${idOf('held')}/capture`, {});
      assert.deepEqual([capture.status, capture.body['code']], [503, 'wallet_shard_behind']);
      const { body: goesOn } = await money.api.transfer(elsewhere, other, '1');
      assert.equal(goesOn.status, 'COMPLETED', 'between wallets of the other shard money moves');

      const lacks = await lackedBy(place);
      assert.ok(lacks.size >= 8, `${lacks.size}`);
      await until(LIMIT_MS, 'it was not compared as a whole', async () => {
        const { data } = (await money.api.get<{ data: ReconciliationRun[] }>('/v1/reconciliation-runs')).body;
        return data.some(({ scope, status }) => scope === 'all' && status === 'FOUND');
      });
      const cases = await openCases();
      assert.deepEqual(asMovements(cases), lacks, 'each movement that it lacks is a case, and no other');
      const found = namedBy(await audited());
      assert.deepEqual(found.movements, lacks, 'the audit names the same');
      assert.ok(found.others.includes(`wallet shard ${shard}`), found.others.join());
      assert.doesNotMatch(
        found.others.join(),
        /outbox|event/,
        'the event log and the outboxes agree about what was lost',
      );

      // What the wallets lack is what those movements had done to them.
      const now = await booksOf(place);
      for (const wallet of wallets.slice(0, 4)) {
        const lost = [...books[place]]
          .filter(([key]) => key.endsWith(` in ${wallet}`))
          .reduce((sum, [key, value]) => sum + parseUnits(value) - parseUnits(now.get(key) ?? '0'), 0n);
        const expected = parseUnits(balances[wallet]!) - lost;
        const moved = wallet === elsewhere ? -parseUnits('1') : wallet === other ? parseUnits('1') : 0n;
        assert.equal(await money.api.balance(wallet), formatUnits(expected + moved));
      }

      for (const { subject } of cases) await resolve(subject, 'close');
      await until(LIMIT_MS, 'it does not accept again', async () => {
        const { status } = await money.api.transfer(elsewhere, inIt, '1');
        return status === 200;
      });
      await run('all');
      assert.deepEqual(await openCases(), [], 'a finding whose case an operator has closed is not found again');
    });
  }

  test('transfer: what was lost is a case until its client asks again, or what is half done is given back', async () => {
    assert.match(await restoreAlone('transfer'), /Everything fits together/);
    const lost = ['over', 'back', 'within 0', 'within 1', 'refused', 'to a new wallet', 'held', 'canceled'];
    const ids = new Set([...lost, 'deposited', 'withdrawn'].map(idOf));
    await run('all');
    assert.deepEqual(asMovements(await openCases()), ids);
    assert.deepEqual(namedBy(await audited()).movements, ids);
    assert.equal((await money.api.get(`/v1/transfers/${idOf('over')}`)).status, 404);
    for (const wallet of wallets) assert.equal(await money.api.balance(wallet), balances[wallet], 'no money has moved');
    const { body: settled } = await money.api.get(`/v1/transfers/${idOf('captured')}`);
    assert.deepEqual(
      [settled['status'], settled['captured_amount']],
      ['COMPLETED', '4.0000'],
      'its fences tell its end',
    );

    // Of the same body it is the same again, whatever it was, and nothing moves twice.
    for (const name of ['over', 'refused', 'deposited', 'withdrawn', 'canceled'] as const) await again(name);
    assert.equal((await money.api.get(`/v1/transfers/${idOf('over')}`)).body['status'], 'COMPLETED');
    assert.equal((await money.api.get(`/v1/transfers/${idOf('refused')}`)).body['status'], 'FAILED');
    // A hold is not known to be settled before the reconciliation looks, which leaves the youngest ones alone.
    await money.rows('transfer', `UPDATE transfers SET created_at = created_at - interval '2 minutes'`);
    assert.equal((await run('changes')).repaired, 1);
    assert.equal((await money.api.get(`/v1/transfers/${idOf('canceled')}`)).body['status'], 'CANCELED');
    // Of another body it is refused for ever, and says so.
    const other = await again('back', { amount: '31' });
    assert.deepEqual([other['status'], other['failure_reason']], ['FAILED', 'terms_conflict']);
    for (const wallet of wallets) assert.equal(await money.api.balance(wallet), balances[wallet], 'no money has moved');

    // Half done is the hold alone: debited, and the receiver has nothing.
    const refunded = await resolve(`movement/${idOf('held')}`, 'refund');
    assert.ok(refunded.history.some(({ action, actor }) => action === 'refund' && actor === 'root'));
    const holder = wallets[1]!;
    await until(LIMIT_MS, 'the hold is not given back', async () => {
      return (await money.api.balance(holder)) === formatUnits(parseUnits(balances[holder]!) + parseUnits('8'));
    });
    await until(LIMIT_MS, 'the case does not tell what was given back', async () => {
      const { body } = await money.api.get<CaseWithHistory>(`/v1/cases/${refunded.case_id}`);
      return body.history.some(({ comment }) => comment === `Given back to wallet ${holder}: 8.0000 USD.`);
    });
    await run('all');
    const left = ['within 0', 'within 1', 'to a new wallet', 'held', 'back'].map(idOf);
    const cases = await openCases();
    assert.deepEqual(asMovements(cases), new Set(left));
    for (const { subject } of cases) await resolve(subject, 'close');
    assert.equal((await run('changes')).found, 0);
    assert.deepEqual(namedBy(await audited()).others, [], 'the books balance');
  });

  test('events: the log has everything again that the outboxes have', async () => {
    await restoreAlone('events');
    assert.deepEqual((await audited()).violations, []);
    const { data } = (await money.api.get<{ data: { id: string }[] }>('/v1/events?limit=1000')).body;
    const ids = data.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.includes(`transfer.completed/${idOf('over')}`));
  });

  test('inventory: it is bound and read again as the others are, orders go on, and no money has moved', async () => {
    assert.match(await restoreAlone('inventory'), /inventory: installation .*\n[^]*Everything fits together/);
    await until(LIMIT_MS, 'orders are not ready', async () => {
      const { body } = await money.api.get<{ orders: Record<string, { status: string }> }>('/health/ready');
      return Object.values(body.orders).every(({ status }) => status === 'up');
    });
    for (const wallet of wallets) assert.equal(await money.api.balance(wallet), balances[wallet]);
    assert.deepEqual((await audited()).violations, []);
  });

  test('temporal: workflows that it has forgotten are started, those that it takes for open end, all is as it was', async () => {
    await restoreAlone('temporal');
    await until(AGREEMENT_LIMIT_MS, 'something disagrees', async () => {
      const { status } = await run('all');
      return status === 'CLEAN' && (await openCases()).length === 0;
    });
    for (const wallet of wallets) assert.equal(await money.api.balance(wallet), balances[wallet]);
    for (const name of ['held', 'held before'])
      assert.equal((await money.api.post(`/v1/transfers/${idOf(name)}/capture`, {})).status, 200);
    await money.assertSound();
  });
});
