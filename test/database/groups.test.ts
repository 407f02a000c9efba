// Groups in the databases: transfers that are accepted, debited, credited and ended together leave exactly what they leave one by
// one, whatever is repeated.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGroupTransferActivities } from '../../activities/transfer/group.ts';
import type { Database } from '../../db/database.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import * as groups from '../../db/transfer/group-queries.ts';
import {
  findTransfer,
  listSteps,
  recordTransferAttention,
  recordTransferStatus,
  type Transfer,
} from '../../db/transfer/queries.ts';
import * as walletGroups from '../../db/wallet/batch-queries.ts';
import { setWalletLimits } from '../../db/wallet/limit-queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { GroupId, TransferId, WalletId } from '../../domain/ids.ts';
import { bucketRange } from '../../domain/routing.ts';
import type { LegAnswer, TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { asked, groupOf, legsOf, tracesOf } from './groups.ts';
import { walletContents } from './wallet-contents.ts';
import { walletViolations } from './wallet-invariants.ts';
import { fresh, transfer, USD, userOnShard, walletsOver } from './wallets.ts';

const ALL_BUCKETS = { firstBucket: 0, lastBucket: 255 };

describe('groups in the transfer database', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let database: Database;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ connectionsMax: 16 });
    database = stores.transfer.service;
  });
  after(() => cluster?.stop());

  const some = (count: number): TransferTerms[] =>
    Array.from({ length: count }, (_, n) =>
      transfer(walletId(userOnShard(n % 2, 2), USD), walletId(fresh('to'), USD), `${n + 1}.5000`),
    );
  const accept = async (count: number) => {
    const groupId = groupOf();
    const terms = some(count);
    const rows = await groups.acceptGroup(database, groupId, terms.map(asked));
    return { groupId, terms, rows, ids: terms.map(({ transferId }) => transferId) };
  };
  const stepsOf = async (id: TransferId) => (await listSteps(database, id)).map(({ step }) => step);
  const eventsOf = (of: Database, ids: readonly TransferId[]) =>
    rowsOf(
      of,
      `SELECT event_id, type, subject, payload::jsonb - 'time' AS payload FROM outbox_events
       WHERE subject IN ('${ids.join("','")}') ORDER BY event_id`,
    );
  /** A row without what two acceptances of the same transfer differ in. */
  const comparable = (row: Transfer | undefined) => ({
    ...row,
    groupId: null,
    createdAt: null,
    updatedAt: null,
    changedAt: null,
    deadlineAt: null,
    startDueAt: null,
    deadlineMs: row!.deadlineAt.getTime() - row!.createdAt.getTime(),
    startDueMs: row!.startDueAt!.getTime() - row!.createdAt.getTime(),
  });

  test('a group is accepted and ended with the rows, steps, metadata and events of its transfers alone', async () => {
    const alone = (await cluster.createStores({ shards: 1 })).transfer.service;
    const { groupId, terms, rows, ids } = await accept(9);
    for (const each of terms) {
      const { acceptance, trace } = asked(each);
      await acceptTransfer(alone, each, acceptance, trace);
    }
    const order = (row: Transfer | undefined) => ids.indexOf(row!.transferId);
    const singles = await Promise.all(ids.map((id) => findTransfer(alone, id)));
    assert.deepEqual(rows.toSorted((a, b) => order(a) - order(b)).map(comparable), singles.map(comparable));
    assert.ok(rows.every((row) => row.groupId === groupId && row.status === 'PENDING'));
    const metadata = `SELECT movement, key, value, movement_id FROM movement_metadata ORDER BY movement_id, key`;
    assert.deepEqual(await rowsOf(database, metadata), await rowsOf(alone, metadata));
    assert.deepEqual(await eventsOf(database, ids), await eventsOf(alone, ids));

    const ended = await groups.recordGroupEnds(database, groupId, ids, new Date());
    assert.deepEqual(ended.map(({ transferId }) => transferId).toSorted(), ids.toSorted());
    for (const each of terms)
      await recordTransferStatus(alone, each.transferId, { status: 'COMPLETED' }, asked(each).trace, {
        debitedAt: new Date(),
      });
    for (const id of ids) assert.deepEqual(await stepsOf(id), ['PENDING', 'DEBITED', 'COMPLETED']);
    assert.deepEqual(await eventsOf(database, ids), await eventsOf(alone, ids));
    const stored = await groups.findTransfers(database, ids);
    assert.ok(stored.every(({ status }) => status === 'COMPLETED'));
  });

  test('of those whose id is taken nothing is changed, and the others are accepted', async () => {
    const { terms, groupId, ids } = await accept(3);
    const [alone, ...others] = some(3);
    await acceptTransfer(database, alone!, asked(alone!).acceptance, asked(alone!).trace);
    const second = [terms[2]!, others[0]!, alone!, others[1]!].map((each) => asked({ ...each, amount: '99.0000' }));
    const rows = await groups.acceptGroup(database, groupOf(), second);
    assert.deepEqual(
      rows.map(({ transferId }) => transferId).toSorted(),
      others.map(({ transferId }) => transferId).toSorted(),
    );
    const first = (await findTransfer(database, ids[2]!))!;
    assert.deepEqual([first.amount, first.groupId], [terms[2]!.amount, groupId]);
    assert.equal((await findTransfer(database, alone!.transferId))!.groupId, null);
    assert.deepEqual(await stepsOf(ids[2]!), ['PENDING']);
  });

  test('groups that share transfers in any order accept each once, and never deadlock', async () => {
    const terms = some(60);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => {
        const turned = [...terms.slice(n * 5), ...terms.slice(0, n * 5)];
        return groups.acceptGroup(database, groupOf(), (n % 2 === 0 ? turned : turned.toReversed()).map(asked));
      }),
    );
    const accepted = answers.flat().map(({ transferId }) => transferId);
    assert.deepEqual(accepted.toSorted(), terms.map(({ transferId }) => transferId).toSorted());
  });

  test('a group of which one cannot be stored is not stored at all', async () => {
    const [first, second] = some(2);
    const same = { ...second!, receiverWalletId: second!.senderWalletId };
    await assert.rejects(groups.acceptGroup(database, groupOf(), [first!, same].map(asked)));
    assert.equal(await findTransfer(database, first!.transferId), undefined);
  });

  test('the legs of a shard are read in the given order, without what waits for its group no more', async () => {
    const { groupId, terms, ids } = await accept(12);
    const [other] = (await accept(1)).ids;
    await recordTransferStatus(database, ids[0]!, { status: 'DEBITED' }, asked(terms[0]!).trace);
    await recordTransferStatus(database, ids[2]!, { status: 'CANCELED' }, asked(terms[2]!).trace);
    await rowsOf(stores.transfer.admin, `UPDATE transfers SET deadline_at = now() WHERE transfer_id = '${ids[4]}'`);
    await recordTransferAttention(database, ids[6]!, 'refund_failing', 'no connection');
    const read = (side: 'sender' | 'receiver', group: GroupId, buckets: { firstBucket: number; lastBucket: number }) =>
      groups.readGroupLegs(database, { groupId: group, transferIds: [...ids.toReversed(), other!], side, ...buckets });
    const { first: firstBucket, last: lastBucket } = bucketRange(0, 2);
    const legs = await read('sender', groupId, { firstBucket, lastBucket });
    const wanted = [10, 8].map((n) => terms[n]!);
    assert.deepEqual(legs, legsOf('sender', wanted));
    const received = await read('receiver', groupId, ALL_BUCKETS);
    const left = [11, 10, 9, 8, 7, 5, 3, 1].map((n) => terms[n]!);
    assert.deepEqual(received, legsOf('receiver', left));
    assert.deepEqual((await read('sender', groupOf(), ALL_BUCKETS)).transferIds, []);
  });

  test('ends are written over no end, of no other group and none that needed attention; a repeat changes nothing', async () => {
    const { groupId, terms, ids } = await accept(5);
    const [other] = (await accept(1)).ids;
    await recordTransferStatus(database, ids[0]!, { status: 'CANCELED' }, asked(terms[0]!).trace);
    await recordTransferStatus(database, ids[1]!, { status: 'DEBITED' }, asked(terms[1]!).trace);
    await recordTransferAttention(database, ids[2]!, 'cancel_credit_failing', 'no connection');
    const ended = await groups.recordGroupEnds(database, groupId, [...ids, other!], new Date());
    assert.deepEqual(ended.map(({ transferId }) => transferId).toSorted(), [ids[1]!, ids[3]!, ids[4]!].toSorted());
    const seen = async () => ({
      rows: await rowsOf(database, `SELECT transfer_id, status, updated_at FROM transfers ORDER BY 1`),
      steps: await Promise.all(ids.map(stepsOf)),
      events: await eventsOf(database, [...ids, other!]),
    });
    const once = await seen();
    assert.deepEqual(once.steps, [
      ['PENDING', 'CANCELED'],
      ['PENDING', 'DEBITED', 'COMPLETED'],
      ['PENDING', 'ATTENTION'],
      ['PENDING', 'DEBITED', 'COMPLETED'],
      ['PENDING', 'DEBITED', 'COMPLETED'],
    ]);
    assert.deepEqual(await groups.recordGroupEnds(database, groupId, [...ids, other!], new Date(0)), []);
    assert.deepEqual(await seen(), once);
  });

  test('the time of a debit lies between acceptance and end, whatever the clock of the worker says', async () => {
    for (const clock of [new Date(0), new Date(Date.now() + 86_400_000)]) {
      const { groupId, ids, rows } = await accept(1);
      await groups.recordGroupEnds(database, groupId, ids, clock);
      const [, debited, completed] = await listSteps(database, ids[0]!);
      assert.ok(debited!.createdAt >= rows[0]!.createdAt && debited!.createdAt <= completed!.createdAt);
    }
  });

  test('of many who end a group at once, in any order and by single writes too, each end is written once', async () => {
    const { groupId, terms, ids } = await accept(40);
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, (_, n) =>
        groups.recordGroupEnds(database, groupId, n % 2 === 0 ? ids : ids.toReversed(), new Date()),
      ),
      ...terms
        .slice(0, 10)
        .map((each) =>
          recordTransferStatus(database, each.transferId, { status: 'COMPLETED' }, asked(each).trace).then(() => []),
        ),
    ]);
    const told = answers.flat().map(({ transferId }) => transferId);
    assert.equal(new Set(told).size, told.length, 'told twice');
    for (const id of ids) assert.deepEqual(await stepsOf(id), ['PENDING', 'DEBITED', 'COMPLETED']);
    assert.equal((await eventsOf(database, ids)).length, 2 * ids.length);
  });
});

describe('the transfer activities of a group', () => {
  let cluster: TestCluster;
  let database: Database;
  before(async () => {
    cluster = await startCluster();
    database = (await cluster.createStores({ shards: 1 })).transfer.service;
  });
  after(() => cluster?.stop());

  const accept = async (count: number) => {
    const groupId = groupOf();
    const terms = Array.from({ length: count }, () =>
      transfer(walletId(fresh('from'), USD), walletId(fresh('to'), USD), '1.0000'),
    );
    await groups.acceptGroup(database, groupId, terms.map(asked));
    return { groupId, terms, ids: terms.map(({ transferId }) => transferId) };
  };

  test('say of no transfer that it has ended that has not, or is of another group, or has no row; and tell each end once', async () => {
    const { groupId, terms, ids } = await accept(4);
    const other = await accept(1);
    const told: TransferId[] = [];
    const activities = createGroupTransferActivities({
      database,
      start: async () => {},
      tell: ({ transferId }) => told.push(transferId),
    });
    await recordTransferStatus(database, ids[0]!, { status: 'COMPLETED' }, asked(terms[0]!).trace);
    await recordTransferAttention(database, ids[1]!, 'cancel_credit_failing', 'no connection');
    await groups.recordGroupEnds(database, other.groupId, other.ids, new Date());
    const lost = transfer(terms[0]!.senderWalletId, terms[0]!.receiverWalletId, '1.0000').transferId;
    const transferIds = [...ids, ...other.ids, lost];
    const input = { groupId, transferIds, debitedAtMs: Date.now() };
    assert.deepEqual(
      [await activities.recordGroupEnds(input), await activities.recordGroupEnds(input)],
      ['0,2-3', '0,2-3'],
    );
    assert.deepEqual(told.toSorted(), ids.slice(2).toSorted());
  });

  test('start those that have not ended, and no others; where one start fails the others are started, and it is repeated', async () => {
    const { groupId, ids } = await accept(30);
    await groups.recordGroupEnds(database, groupId, ids.slice(0, 10), new Date());
    const started: TransferId[] = [];
    const activities = createGroupTransferActivities({
      database,
      start: async ({ transferId }) => {
        await sleep(1);
        if (transferId === ids[15] && !started.includes(ids[29]!)) throw new Error('unavailable');
        started.push(transferId);
      },
    });
    await assert.rejects(activities.startOneByOne({ transferIds: ids }), /unavailable/);
    await activities.startOneByOne({ transferIds: ids }).catch(() => activities.startOneByOne({ transferIds: ids }));
    assert.deepEqual([...new Set(started)].toSorted(), ids.slice(10).toSorted());
  });
});

describe('groups in a wallet database', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  const shardOfOne = async (connectionsMax = 10): Promise<TestDatabase> =>
    (await cluster.createStores({ shards: 1, connectionsMax })).wallets[0]!;
  const debit = (service: Database, terms: readonly TransferTerms[]) =>
    walletGroups.debitGroup(service, legsOf('sender', terms), tracesOf(terms));
  const credit = (service: Database, terms: readonly TransferTerms[]) =>
    walletGroups.creditGroup(service, legsOf('receiver', terms), tracesOf(terms));
  const outcomes = (answers: ReadonlyMap<TransferId, LegAnswer<string>>, terms: readonly TransferTerms[]) =>
    terms.map(({ transferId }) => {
      const answer = answers.get(transferId) ?? { outcome: 'applied' };
      return 'reason' in answer ? answer.reason : answer.outcome;
    });

  test('a group leaves what its transfers leave one by one in its order: overdrafts, limits, and each event with its own trace', async () => {
    const together = await shardOfOne();
    const alone = await shardOfOne();
    const names = [fresh('poor'), fresh('limited'), fresh('rich')];
    const open = async ({ service }: TestDatabase): Promise<WalletId[]> => {
      const wallets = walletsOver([service]);
      const ids: WalletId[] = [];
      for (const [n, name] of names.entries()) ids.push(await wallets.open(name, n === 0 ? '100' : '1000'));
      await setWalletLimits(service, ids[1]!, { maxAmount: '50.0000', outgoing24h: '80.0000' });
      return ids;
    };
    const [poor, limited, rich] = (await open(together)) as [WalletId, WalletId, WalletId];
    await open(alone);
    const nobody = walletId(fresh('nobody'), USD);
    const terms = [
      ...['60', '50', '30', '20', '10', '1'].map((amount) => transfer(poor, rich, `${amount}.0000`)),
      ...['51', '50', '40', '30', '1'].map((amount) => transfer(limited, rich, `${amount}.0000`)),
      transfer(rich, nobody, '5.0000'),
      transfer(nobody, rich, '5.0000'),
    ];
    const debits = await debit(together.service, terms);
    assert.deepEqual(outcomes(debits, terms), [
      ...['applied', 'insufficient_funds', 'applied', 'insufficient_funds', 'applied', 'insufficient_funds'],
      ...['limit_exceeded', 'applied', 'limit_exceeded', 'applied', 'limit_exceeded'],
      'applied',
      'sender_not_found',
    ]);
    const debited = terms.filter(({ transferId }) => !debits.has(transferId));
    const credits = await credit(together.service, debited);
    assert.deepEqual([...credits.values()], [{ outcome: 'rejected', reason: 'receiver_not_found' }]);
    for (const each of terms) await shard.debit(alone.service, each, asked(each).trace);
    for (const each of debited) await shard.credit(alone.service, each, asked(each).trace);
    assert.deepEqual(await walletContents(together.service), await walletContents(alone.service));
    assert.deepEqual(
      [await debit(together.service, terms), await credit(together.service, debited)],
      [debits, credits],
    );
    assert.deepEqual(await walletContents(together.service), await walletContents(alone.service), 'after a repeat');
  });

  test('a leg of other terms, a debit that is a lost hold, and a credit of a part are in the answer', async () => {
    const { service } = await shardOfOne();
    const wallets = walletsOver([service]);
    const [from, to] = [await wallets.open(fresh('from'), '100'), await wallets.open(fresh('to'))];
    const [plain, hold, part, changed] = ['1', '2', '3', '4'].map((amount) => transfer(from, to, `${amount}.0000`));
    const all = [plain!, hold!, part!, { ...changed!, amount: '5.0000' }];
    await shard.debit(service, hold!, asked(hold!).trace, { isHold: true, total: hold!.amount });
    await shard.debit(service, part!, asked(part!).trace, { isHold: true, total: part!.amount });
    await shard.credit(service, { ...part!, amount: '1.0000' }, asked(part!).trace, part!.amount);
    await shard.debit(service, changed!, asked(changed!).trace);
    const debits = await debit(service, all);
    assert.deepEqual([...debits.keys()].toSorted(), [hold!, part!, changed!].map((t) => t.transferId).toSorted());
    const credits = await credit(service, [plain!, part!]);
    assert.deepEqual([...credits.keys()], [part!.transferId]);
    assert.deepEqual([await wallets.balance(from), await wallets.balance(to)], ['90.0000', '2.0000']);
  });

  test('a wallet that somebody holds locked fails the group within a second, and leaves nothing of it', async () => {
    const { service, admin } = await shardOfOne();
    const wallets = walletsOver([service]);
    const [locked, other, to] = [
      await wallets.open(fresh('locked'), '10'),
      await wallets.open(fresh('other'), '10'),
      await wallets.open(fresh('to')),
    ];
    const terms = [transfer(other, to, '1.0000'), transfer(locked, to, '1.0000')];
    const before = await walletContents(service);
    await admin.transaction(async (tx) => {
      await rowsOf(tx as never, `SELECT FROM wallets WHERE wallet_id = '${locked}' FOR UPDATE`);
      const startedAt = performance.now();
      await assert.rejects(
        debit(service, terms),
        (error: Error & { cause?: { code?: string } }) => assert.equal(error.cause?.code, '55P03') === undefined,
      );
      assert.ok(performance.now() - startedAt < 2_000);
    });
    assert.deepEqual(await walletContents(service), before);
    assert.equal((await debit(service, terms)).size, 0);
    assert.deepEqual(await walletViolations([service]), []);
  });

  test('the same group at once from eight connections moves the money once, and every answer is the same', async () => {
    const { service } = await shardOfOne(16);
    const wallets = walletsOver([service]);
    const [from, to] = [await wallets.open(fresh('from'), '50'), await wallets.open(fresh('to'))];
    const terms = Array.from({ length: 100 }, () => transfer(from, to, '1.0000'));
    const eight = <T>(call: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, call));
    const debits = await eight(() => debit(service, terms));
    for (const answer of debits) assert.deepEqual(answer, debits[0]);
    assert.deepEqual(
      outcomes(debits[0]!, terms),
      terms.map((_, n) => (n < 50 ? 'applied' : 'insufficient_funds')),
    );
    await eight(() => credit(service, terms.slice(0, 50)));
    assert.deepEqual([await wallets.balance(from), await wallets.balance(to)], ['0.0000', '50.0000']);
    assert.deepEqual(await walletViolations([service]), []);
  });
});
