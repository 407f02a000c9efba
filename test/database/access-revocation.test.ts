// A key that has ended is refused by every process once that was answered, and a key that is known costs no statement.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { ANY_ROUTE, hashOf, installRoot, makeKey, openProcess, ROOT, secretOf, type ApiProcess } from './access.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

const ROUNDS = 12;
const CALLERS = 4;
/** So many that none fails too often. */
const addressOf = (n: number): string => `10.${(n >> 16) % 256}.${(n >> 8) % 256}.${n % 256}`;

describe('keys, at two processes over one database', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let processes: readonly [ApiProcess, ApiProcess];
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createAccessStore();
    await installRoot(store);
    processes = [openProcess(cluster, store), openProcess(cluster, store)];
  });
  after(async () => {
    processes?.forEach(({ authenticator }) => authenticator.stop());
    await cluster?.stop();
  });

  const statusesOf = (secret: string): Promise<number[]> =>
    Promise.all(processes.map(async ({ ask }) => (await ask(secret, 'GET', ANY_ROUTE)).status));

  /** Has every process asked with the key without a pause until `end` is done; returns what was answered to requests after that. */
  async function underLoad(
    secret: string,
    end: () => Promise<unknown>,
  ): Promise<{ before: number[]; after: number[] }> {
    const seen = { before: [] as number[], after: [] as number[] };
    let isEnded = false;
    let n = 0;
    const callers = processes.flatMap(({ ask }) =>
      Array.from({ length: CALLERS }, async () => {
        for (let left = 3; left > 0;) {
          const began = isEnded;
          const { status } = await ask(secret, 'GET', ANY_ROUTE, undefined, { from: addressOf((n += 1)) });
          seen[began ? 'after' : 'before'].push(status);
          if (began) left -= 1;
          // So that timers and sockets have their turn.
          await new Promise(setImmediate);
        }
      }),
    );
    try {
      await end();
    } finally {
      isEnded = true;
      await Promise.all(callers);
    }
    return seen;
  }

  test('a revoked key is refused at each once the revocation is answered, whichever answers it, while they ask on and on', async () => {
    const [first, second] = processes;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id, secret } = await makeKey(first, ROOT, {});
      assert.deepEqual(await statusesOf(secret), [200, 200]);
      const revoking = round % 2 === 0 ? first : second;
      const seen = await underLoad(secret, async () => {
        const { status, body } = await revoking.ask(ROOT, 'POST', `/v1/api-keys/${id}/revoke`);
        assert.deepEqual([status, body['status']], [200, 'REVOKED']);
      });
      assert.ok(seen.before.includes(200));
      assert.deepEqual([...new Set(seen.after)], [401]);
    }
  });

  test('a rotated key without overlap is refused at each once the rotation is answered; the new one is not', async () => {
    const [first, second] = processes;
    const { id, secret } = await makeKey(first, ROOT, {});
    let successor = '';
    const seen = await underLoad(secret, async () => {
      const { status, body } = await second.ask(ROOT, 'POST', `/v1/api-keys/${id}/rotate`, { overlap: 0 });
      assert.equal(status, 201, JSON.stringify(body));
      successor = String(body['secret']);
    });
    assert.deepEqual([...new Set(seen.after)], [401]);
    assert.deepEqual(await statusesOf(successor), [200, 200]);
  });

  test('a rotated key is valid for its overlap, and a key for its time, and then refused at each', async () => {
    const [first] = processes;
    const [rotated, short] = [await makeKey(first, ROOT, {}), await makeKey(first, ROOT, {})];
    const { body } = await first.ask(ROOT, 'POST', `/v1/api-keys/${rotated.id}/rotate`, { overlap: 3 });
    assert.equal(body['created_by'], (await first.ask(ROOT, 'GET', `/v1/api-keys/${rotated.id}`)).body['created_by']);
    await rowsOf(
      store.admin,
      `UPDATE api_keys SET expires_at = now() + interval '2 seconds' WHERE api_key_id = '${short.id}'`,
    );
    for (const { secret } of [rotated, short]) assert.deepEqual(await statusesOf(secret), [200, 200]);
    await sleep(3_200);
    for (const { secret } of [rotated, short]) assert.deepEqual(await statusesOf(secret), [401, 401]);
  });

  test('a key that is known costs no statement, nor does text that can be no key', async () => {
    const [first] = processes;
    const { secret } = await makeKey(first, ROOT, {});
    assert.equal((await first.ask(secret, 'GET', ANY_ROUTE)).status, 200);
    const before = first.statements();
    const until = performance.now() + 3_000;
    let asked = 0;
    while (performance.now() < until) {
      assert.equal((await first.ask(secret, 'GET', ANY_ROUTE)).status, 200);
      asked += 1;
      await new Promise(setImmediate);
    }
    // Not even after many leases: the poll renews them.
    assert.ok(asked > 100, `${asked} asked`);
    const typo = secret.slice(0, 10) + (secret[10] === 'a' ? 'b' : 'a') + secret.slice(11);
    assert.equal((await first.ask(typo, 'GET', ANY_ROUTE)).status, 401);
    assert.equal(first.statements(), before);
  });

  test('a process that cannot poll believes no key for longer than the lease: it asks, and is answered', async () => {
    const lonely = openProcess(cluster, store);
    const { id, secret } = await makeKey(processes[0], ROOT, {});
    assert.equal((await lonely.ask(secret, 'GET', ANY_ROUTE)).status, 200);
    lonely.authenticator.stop();
    assert.equal((await processes[0].ask(ROOT, 'POST', `/v1/api-keys/${id}/revoke`)).status, 200);
    assert.equal((await lonely.ask(secret, 'GET', ANY_ROUTE)).status, 401);
    assert.equal((await lonely.ask(ROOT, 'GET', ANY_ROUTE)).status, 200);
  });

  test('what a process knows is bounded, and a key that has made way is looked up again', async () => {
    const small = openProcess(cluster, store, 2);
    const secrets = [];
    for (let n = 0; n < 4; n += 1) secrets.push((await makeKey(processes[0], ROOT, {})).secret);
    for (let round = 0; round < 2; round += 1)
      for (const secret of secrets) assert.equal((await small.ask(secret, 'GET', ANY_ROUTE)).status, 200);
    assert.deepEqual(
      secrets.map((secret) => typeof small.authenticator.known(secret)),
      ['undefined', 'undefined', 'object', 'object'],
    );
    small.authenticator.stop();
  });

  test('the first of many requests with a key that nobody knows share a look-up', async () => {
    const fresh = openProcess(cluster, store);
    const { secret } = await makeKey(processes[0], ROOT, {});
    const before = fresh.statements();
    const answers = await Promise.all(Array.from({ length: 50 }, () => fresh.ask(secret, 'GET', ANY_ROUTE)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(fresh.statements() - before, 1);
    fresh.authenticator.stop();
  });

  test('a key is looked up by the index of its hash, however many there are', async () => {
    await rowsOf(
      store.admin,
      `INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes)
       SELECT tenant, principal_id, 'many', sha256(n::text::bytea), 'cpk_', '{events:read}' FROM principals, generate_series(1, 50000) AS n WHERE name = 'root'`,
    );
    await rowsOf(store.admin, 'ANALYZE api_keys');
    const plan = await rowsOf<{ 'QUERY PLAN': string }>(
      store.admin,
      `EXPLAIN SELECT * FROM api_keys JOIN principals USING (principal_id) WHERE key_hash = decode('${hashOf(secretOf())}', 'hex')`,
    );
    assert.match(plan.map((line) => line['QUERY PLAN']).join('\n'), /Index Scan using api_keys_hash/);
    const changed = await rowsOf<{ 'QUERY PLAN': string }>(
      store.admin,
      'EXPLAIN SELECT key_hash FROM api_keys WHERE changed_revision > 7 AND changed_revision > 0 ORDER BY changed_revision LIMIT 1001',
    );
    assert.match(changed.map((line) => line['QUERY PLAN']).join('\n'), /Index Scan using api_keys_changed/);
  });
});
