// How far an approval is, as lists and the overview tell it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { approvingOver, type Approving } from './approving.ts';
import { startCluster, type TestCluster } from './database.ts';

describe('what waits for a second person', () => {
  let cluster: TestCluster;
  let approving: Approving;
  before(async () => {
    cluster = await startCluster();
    const { transfer } = await cluster.createStores({ shards: 1, connectionsMax: 10 });
    approving = approvingOver(transfer);
  });
  after(() => cluster?.stop());

  const awaiting = async () =>
    (await approving.ask('admin', 'GET', '/v1/overview')).body['awaiting_approval'] as {
      count: number;
      oldest_age_seconds: number | null;
    };
  const givenOf = async (id: unknown): Promise<unknown> => {
    const { data } = (await approving.ask('admin', 'GET', '/v1/approvals')).body as { data: Record<string, unknown>[] };
    const listed = data.find(({ approval_id }) => approval_id === id)!;
    assert.equal((await approving.approvalOf(id))['given'], listed['given'], 'the list and the approval say the same');
    return listed['given'];
  };

  test('is listed with the votes that count, which those of a former policy do not', async () => {
    assert.deepEqual(await awaiting(), { count: 0, oldest_age_seconds: null });
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '100', approvals: 3 });
    const [one, other] = [await approving.waiting(currency), await approving.waiting(currency)];
    await approving.vote('bob', one);
    await approving.vote('carol', one);
    assert.equal(await givenOf(one['approval_id']), 2);
    assert.equal(await givenOf(other['approval_id']), 0);
    await approving.policy(currency, { above: '100', approvals: 2 }, 1);
    assert.equal((await approving.vote('dave', one)).body['code'], 'approval_policy_changed');
    assert.equal(await givenOf(one['approval_id']), 0);
  });

  test('is counted in the overview until it is decided', async () => {
    // An answer serves all who ask within a second.
    const counts = async (count: number): Promise<void> => {
      const until = performance.now() + 10_000;
      while ((await awaiting()).count !== count)
        assert.ok(performance.now() < until, `not ${count}, but ${(await awaiting()).count}`);
    };
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    await counts(2);
    const approval = await approving.waiting(currency);
    await counts(3);
    assert.equal((await approving.vote('bob', approval, 'reject')).status, 200);
    await counts(2);
    assert.notEqual((await awaiting()).oldest_age_seconds, null);
  });
});
