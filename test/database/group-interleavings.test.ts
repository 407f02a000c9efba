// Everything about a group at once: its attempts, their repeats, what a frozen worker of one sends late, and the workflows and cancel
// requests of its transfers alone, in random order from many connections; and what must be true afterwards.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createGroupLegsReader, createGroupTransferActivities } from '../../activities/transfer/group.ts';
import { createTransferGroupAtOnce } from '../../activities/transfer-group-at-once.ts';
import { createGroupWalletActivities } from '../../activities/wallet/group.ts';
import { audit } from '../../audit/audit.ts';
import { acceptGroup, findTransfers, recordGroupEnds } from '../../db/transfer/group-queries.ts';
import { creditGroup, debitGroup } from '../../db/wallet/batch-queries.ts';
import { setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import { transferId } from '../../domain/derived-id.ts';
import { shardOf } from '../../domain/routing.ts';
import { parseIndexes } from '../../domain/index-set.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { isTerminal, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { asked, groupOf, legsOf, tracesOf } from './groups.ts';
import { movementsOver, type Movements } from './movements.ts';
import { walletViolations } from './wallet-invariants.ts';
import { fresh, transfer, userOnShard } from './wallets.ts';

const SHARDS = 2;
const WALLETS = 4;
const SIZE = 8;
const LANES = 10;
const RUNS = 20;

const CALLS = ['attempt', 'attempt', 'late', 'alone', 'cancel', 'suspend', 'activate'] as const;
interface Call {
  readonly call: (typeof CALLS)[number];
  readonly of: number;
  readonly count: number;
}
interface Plan {
  readonly transfers: readonly { from: number; to: number; amount: number }[];
  /** The calls of a lane follow each other; lanes run at once. */
  readonly lanes: readonly (readonly Call[])[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  transfers: fc.array(
    fc.record({ from: fc.nat(WALLETS - 1), to: fc.nat(WALLETS - 2), amount: fc.integer({ min: 1, max: 60 }) }),
    { minLength: SIZE, maxLength: SIZE },
  ),
  lanes: fc.array(
    fc.array(
      fc.record({
        call: fc.constantFrom(...CALLS),
        of: fc.nat(SIZE - 1),
        count: fc.integer({ min: 1, max: SIZE }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    { minLength: LANES, maxLength: LANES },
  ),
});

describe('a group whose transfers others move, too', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  test('whatever of it is tried, repeated, sent late, moved alone and canceled at once, each transfer ends once as its fences say', async () => {
    const stores = await cluster.createStores({ shards: SHARDS, connectionsMax: LANES });
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`SEED=${seed} repeats these interleavings`);
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(plans, (plan) => isSound(stores, plan, ends)),
      { numRuns: RUNS, seed, endOnFailure: true },
    );
    console.log(`ends: ${[...ends].map(([status, count]) => `${count} ${status}`).join(', ')}`);
    for (const status of ['COMPLETED', 'COMPLETED by a group', 'FAILED', 'CANCELED'])
      assert.ok(ends.has(status), `none ended ${status}`);
  });
});

async function isSound(stores: TestStores, plan: Plan, ends: Map<string, number>): Promise<void> {
  const movements = movementsOver(stores);
  const { wallets, acceptTransaction, transact, settle } = movements;
  const ids = await Promise.all(
    Array.from({ length: WALLETS }, (_, n) => wallets.open(userOnShard(n % SHARDS, SHARDS))),
  );
  for (const id of ids) await transact(await acceptTransaction('CREDIT', id, '100.0000'));
  const groupId = groupOf();
  const plain = plan.transfers.map(({ from, to, amount }) => {
    const idempotencyKey = fresh('key');
    const wanted = transfer(ids[from]!, ids.toSpliced(from, 1)[to]!, `${amount}.0001`);
    const of = asked({ ...wanted, transferId: transferId(idempotencyKey) });
    const bodyHash = transferBodyHash({ ...of.terms, ...of.acceptance });
    return { ...of, acceptance: { ...of.acceptance, idempotencyKey, bodyHash } };
  });
  await acceptGroup(stores.transfer.service, groupId, plain);
  const terms = plain.map((each) => each.terms);

  const told = await carryOut({ stores, movements, groupId, terms, plan });
  // An answer that a transfer has ended is true when it is given, and not only once the others have been moved.
  assert.deepEqual(told.untrue, []);
  for (const id of ids) await setWalletStatus(wallets.shardOf(id), id, 'ACTIVE');
  await Promise.all(terms.map(settle));

  const rows = await findTransfers(
    stores.transfer.service,
    terms.map((each) => each.transferId),
  );
  for (const { transferId: id, status } of rows) {
    if (told.ended.has(id)) assert.ok(isTerminal(status), `${id} is ${status}`);
    if (told.completed.has(id)) assert.equal(status, 'COMPLETED');
    const end = told.completed.has(id) ? 'COMPLETED by a group' : status;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const again = await rowsOf<{ steps: string }>(
    stores.transfer.admin,
    `SELECT transfer_id, string_agg(step, ' ' ORDER BY step_id) AS steps FROM transfer_steps GROUP BY 1
     HAVING string_agg(step, ' ' ORDER BY step_id) !~ '^PENDING( DEBITED)?( COMPLETED| FAILED| CANCELED)$'`,
  );
  assert.deepEqual(again, []);
  const admins = stores.wallets.map(({ admin }) => admin);
  assert.deepEqual(await walletViolations(admins), []);
  const { violations } = await audit(
    { wallets: admins, transfer: stores.transfer.admin, events: undefined },
    workflowsOf(new Set()),
    {
      patienceMs: 0,
    },
  );
  assert.deepEqual(violations, []);
}

/** Resolves with the transfers that an attempt said to have ended, and those that a group's write has ended. */
async function carryOut({
  stores,
  movements,
  groupId,
  terms,
  plan,
}: {
  stores: TestStores;
  movements: Movements;
  groupId: GroupId;
  terms: readonly TransferTerms[];
  plan: Plan;
}): Promise<{ ended: Set<TransferId>; completed: Set<TransferId>; untrue: TransferId[] }> {
  const { service } = stores.transfer;
  const ended = new Set<TransferId>();
  const completed = new Set<TransferId>();
  const untrue: TransferId[] = [];
  const shards = stores.wallets.map((each) => each.service);
  const activities = {
    ...createGroupWalletActivities((shard) => shards[shard]!, createGroupLegsReader(service)),
    ...createGroupTransferActivities({
      database: service,
      start: async () => {},
      tell: ({ transferId }) => completed.add(transferId),
    }),
  };
  const group = createTransferGroupAtOnce(activities);

  /** As a worker that has read the legs long ago. */
  const late = async (some: readonly TransferTerms[]): Promise<void> => {
    const move = async (side: 'sender' | 'receiver', of: readonly TransferTerms[]): Promise<TransferTerms[]> => {
      const applied: TransferTerms[] = [];
      for (const [shard, database] of shards.entries()) {
        const own = of.filter((each) => shardOf(each[`${side}WalletId`], SHARDS) === shard);
        const operation = side === 'sender' ? debitGroup : creditGroup;
        const refused = await operation(database, legsOf(side, own), tracesOf(own)).catch(() => undefined);
        if (refused !== undefined) applied.push(...own.filter(({ transferId }) => !refused.has(transferId)));
      }
      return applied;
    };
    const credited = (await move('receiver', await move('sender', some))).map(({ transferId }) => transferId);
    for (const row of await recordGroupEnds(service, groupId, credited, new Date())) completed.add(row.transferId);
  };
  const run = async ({ call, of, count }: Call): Promise<void> => {
    const some = terms.slice(of, of + count);
    const t = terms[of]!;
    switch (call) {
      case 'attempt': {
        const transferIds = some.map(({ transferId }) => transferId);
        const places = await group.transferGroupAtOnce({ groupId, transferIds, shardCount: SHARDS });
        const own = parseIndexes(places).map((place) => transferIds[place]!);
        for (const row of await findTransfers(service, own)) if (!isTerminal(row.status)) untrue.push(row.transferId);
        for (const id of own) ended.add(id);
        return;
      }
      case 'late':
        return late(some);
      case 'alone':
        return movements.settle(t);
      case 'cancel':
        return movements.giveUp(t, 'canceled');
      case 'suspend':
      case 'activate':
        return void (await setWalletStatus(
          movements.wallets.shardOf(t.receiverWalletId),
          t.receiverWalletId,
          call === 'suspend' ? 'SUSPENDED' : 'ACTIVE',
        ));
    }
  };
  await Promise.all(
    plan.lanes.map(async (calls) => {
      for (const call of calls) await run(call);
    }),
  );
  return { ended, completed, untrue };
}
