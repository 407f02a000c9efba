// Two installations within reach of each other. The services of the first connect to the Temporal server of the second, as if
// that had been started at the first one's address: they move nothing of it, and work again once they are connected to their
// own. Users have the same names in both, so wallets have the same ids, and so have movements of the same keys.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Transfer } from '../../db/transfer/queries.ts';
import { ANY_PORT } from '../../dev/launched-stack.ts';
import { transferId } from '../../domain/derived-id.ts';
import type { InstallationId, TransferId } from '../../domain/ids.ts';
import { INSTALLATION_HEADER } from '../../domain/installation.ts';
import { startFaultProxy, type FaultProxy } from '../../nemesis/proxy.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { untilServed, type Movement } from './api-client.ts';
import { freePort } from './free-port.ts';
import { workerEnvironment } from './held-up.ts';
import { openMoney, type Money, type Place } from './money.ts';
import { ended, rebind } from './rebind.ts';
import { refusedStart, startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 60_000;
const SHARDS: readonly Place[] = ['wallet-0', 'wallet-1'];

describe('an installation beside another one', () => {
  let proxy: FaultProxy;
  let isLedAstray = false;
  /** Its services reach Temporal through the proxy. */
  let first: TestStack;
  let firstMoney: Money;
  let second: TestStack;
  let money: Money;
  const [alice, bob] = [`alice-${randomUUID()}`, `bob-${randomUUID()}`];
  let wallets: [string, string];

  before(async () => {
    const temporalPort = await freePort();
    proxy = await startFaultProxy({
      protocol: 'opaque',
      targetPort: () => (isLedAstray ? Number(second.file().temporal.address.split(':')[1]) : temporalPort),
    });
    const env = { TEMPORAL_PORT: `${temporalPort}`, TEMPORAL_PROXY_PORT: `${proxy.port}` };
    [first, second] = await Promise.all([startStack({ separate: true, env }), startStack()]);
    await Promise.all([first.waitUntilReady(), second.waitUntilReady()]);
    [firstMoney, money] = await Promise.all([openMoney(first), openMoney(second)]);
    const open = async ({ api }: Money, user: string): Promise<string> =>
      (await untilServed(() => api.post<{ wallet_id: string }>('/v1/wallets', { user_id: user }))).body.wallet_id;
    wallets = [await open(money, alice), await open(money, bob)];
    assert.deepEqual([await open(firstMoney, alice), await open(firstMoney, bob)], wallets);
    const credit = { wallet_id: wallets[0], type: 'CREDIT', amount: '5000' };
    const headers = { 'idempotency-key': 'fund', prefer: 'wait=30' };
    await untilServed(() => firstMoney.api.post('/v1/transactions', credit, headers));
  });
  after(async () => {
    await Promise.all([firstMoney?.close(), money?.close()]);
    await Promise.all([first?.remove(), second?.remove()]);
    await proxy?.close();
  });

  /** What the ledgers of an installation have, of whatever movement. */
  async function written({ rows }: Money): Promise<Record<string, number>> {
    const counts = await Promise.all(
      SHARDS.flatMap((place) =>
        ['ledger_entries', 'operation_fences'].map(async (table) => {
          const [row] = await rows<{ count: string }>(place, `SELECT count(*) FROM ${table}`);
          return [`${place} ${table}`, Number(row!.count)] as const;
        }),
      ),
    );
    return Object.fromEntries(counts);
  }

  async function unready(stack: TestStack): Promise<string> {
    return (await fetch(`${stack.api}/health/ready`, { signal: AbortSignal.timeout(5_000) })).text();
  }

  test("whose services are led to the other's Temporal moves none of its money, says why, and goes on once it is led back", async () => {
    const before = await written(firstMoney);
    isLedAstray = true;
    proxy.resetSome(() => true);

    await money.api.post(
      '/v1/transactions',
      { wallet_id: wallets[0], type: 'CREDIT', amount: '1000' },
      { 'idempotency-key': 'fund', prefer: 'wait=60' },
    );
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        money.api.transfer(wallets[0], wallets[1], '1', { 'idempotency-key': `order-${n}`, prefer: 'wait=60' }),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ body }) => body.status)), new Set(['COMPLETED']));
    assert.equal(await money.api.balance(wallets[1]), '40.0000');
    await money.assertSound();

    await until(LIMIT_MS, 'it does not say why it is not ready', async () =>
      /"temporal":\{"status":"down","reason":"installation_mismatch"/.test(await unready(first)),
    );
    const refusal = await firstMoney.api.transfer(wallets[0], wallets[1], '1', { 'idempotency-key': 'order-0' });
    assert.deepEqual(
      [refusal.status, (refusal.body as unknown as { code: string }).code],
      [503, 'temporal_unavailable'],
    );
    assert.deepEqual(await written(firstMoney), before);

    isLedAstray = false;
    proxy.resetSome(() => true);
    await first.waitUntilReady(LIMIT_MS);
    const { body } = await firstMoney.api.transfer(wallets[0], wallets[1], '7', {
      'idempotency-key': 'order-0',
      prefer: 'wait=60',
    });
    assert.deepEqual([body.status, await firstMoney.api.balance(wallets[1])], ['COMPLETED', '7.0000']);
    await firstMoney.assertSound();
  });

  test('a Temporal that tells late which one it is makes nobody think that a request has failed', async () => {
    const { body: hold } = await firstMoney.api.post<Movement>(
      '/v1/transfers',
      { sender_wallet_id: wallets[0], receiver_wallet_id: wallets[1], amount: '3', capture_method: 'manual' },
      { 'idempotency-key': randomUUID(), prefer: 'wait=60' },
    );
    assert.equal(hold.status, 'DEBITED');
    proxy.treat({ kind: 'delay', ms: 800 }); // of each direction: the namespace's answer comes too late
    const canceled = firstMoney.api.post<Movement & { code?: string }>(`/v1/transfers/${hold.transfer_id}/cancel`);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    proxy.pass();
    const { status, body } = await canceled;
    assert.ok(
      (status === 200 && body.status === 'CANCELED') || (status === 503 && body.code === 'temporal_unavailable'),
      `${status} ${JSON.stringify(body)}`,
    );
    await first.waitUntilReady(LIMIT_MS);
    const again = await firstMoney.api.post<Movement>(`/v1/transfers/${hold.transfer_id}/cancel`);
    assert.deepEqual([again.status, again.body.status], [200, 'CANCELED']);
  });

  test('a worker that finds the Temporal of another one ends, and says what to do', async () => {
    const file = fileURLToPath(new URL('../../workers/wallet/main.ts', import.meta.url));
    const child = spawn(process.execPath, [file], {
      env: { ...workerEnvironment(first, 0), TEMPORAL_ADDRESS: second.file().temporal.address },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, output } = await ended(child);
    assert.equal(code, 1, output);
    assert.match(
      output,
      /the namespace default of this Temporal server has the id .* npm run rebind says what differs/,
    );
    assert.doesNotMatch(output, /worker started/);
  });

  test("a workflow that a stray process started ends without a trace in the books, and does not stand in its transfer's way", async () => {
    const key = randomUUID();
    const id = transferId(key);
    const { installationId } = await idOf(first);
    await startTransfer(
      {
        client: money.temporal,
        binding: { verify: async () => ({ installationId, namespaceId: '' }) },
        isStillOpen: async () => false,
        walletShardCount: SHARDS.length,
        dispatch: 'ordinary',
      },
      strayRow(id, wallets),
    );
    const handle = money.temporal.workflow.getHandle(transferWorkflowId(id));
    await assert.rejects(() => handle.result(), /Workflow execution failed/);
    for (const place of SHARDS)
      assert.deepEqual(await money.rows(place, 'SELECT leg FROM operation_fences WHERE transaction_id = $1', [id]), []);

    const { body } = await money.api.transfer(wallets[0], wallets[1], '3', {
      'idempotency-key': key,
      prefer: 'wait=60',
    });
    assert.equal(body.status, 'COMPLETED');
    await money.assertSound();
  });

  test("a service that calls another one's API is refused by name, a client is not", async () => {
    const { installationId } = await idOf(second);
    const asked = (of: TestStack, id: InstallationId): Promise<Response> =>
      fetch(`${of.file().wallet_api}/v1/wallets/${wallets[0]}`, {
        headers: { ...of.authorization, [INSTALLATION_HEADER]: id },
      });
    const refused = await asked(first, installationId);
    assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [421, 'misdirected_request']);
    assert.equal((await asked(first, (await idOf(first)).installationId)).status, 200);
    assert.equal(
      (await fetch(`${first.file().wallet_api}/v1/wallets/${wallets[0]}`, { headers: first.authorization })).status,
      200,
    );
  });

  test('the audit names a namespace that is not its own', async () => {
    await money.rows('wallet-1', `UPDATE installation SET namespace_id = 'another'`);
    await assert.rejects(() => money.assertSound(), /I5.*the installation.*bound to the Temporal namespace another/s);
    await money.rows('wallet-1', 'UPDATE installation SET namespace_id = $1', [
      (await money.rows<{ namespace_id: string }>('transfer', 'SELECT * FROM installation'))[0]!.namespace_id,
    ]);
  });

  test('one that has lost its Temporal starts again only once somebody says so, and completes what it had accepted', async () => {
    const accepted = await firstMoney.api.transfer(wallets[0], wallets[1], '2', { 'idempotency-key': randomUUID() });
    const { transfer_id: stranded } = accepted.body;
    await first.stop();
    rmSync(join(first.dataDir, 'temporal'), { recursive: true });
    const refused = await refusedStart({ ...ANY_PORT, DATA_DIR: first.dataDir });
    assert.equal(refused.code, 1, refused.output);
    assert.match(
      refused.output,
      /bound to the Temporal namespace .*: transfer, wallet-0, wallet-1, events, order, inventory, delivery, accounting, access\); npm run rebind/,
    );

    const shown = await rebind(first);
    assert.deepEqual([shown.code, shown.output.match(/^! .*/gm)?.length], [1, 1], shown.output);
    const moved = await rebind(first, '--moved');
    assert.equal(moved.code, 0, moved.output);
    assert.match(moved.output, /Everything fits together/);
    await first.start();
    await first.waitUntilReady(LIMIT_MS);
    await until(LIMIT_MS, 'what it had accepted does not end', async () => {
      const { body } = await firstMoney.api.get<Movement>(`/v1/transfers/${stranded}`);
      return body.status === 'COMPLETED';
    });
    await firstMoney.assertSound();
  });
});

/** One that nobody uses, and that nobody who asks in the same way is given. */
async function idOf(stack: TestStack): Promise<{ installationId: InstallationId }> {
  const client = new pg.Client({ connectionString: stack.file().databases['transfer']! });
  await client.connect();
  const { rows } = await client.query<{ installation_id: InstallationId }>('SELECT installation_id FROM installation');
  await client.end();
  return { installationId: rows[0]!.installation_id };
}

/** As an API of another installation has accepted it. */
function strayRow(id: TransferId, [sender, receiver]: readonly [string, string]): Transfer {
  return {
    transferId: id,
    senderWalletId: sender,
    receiverWalletId: receiver,
    amount: '3.0000',
    currency: 'USD',
    status: 'PENDING',
    scheduledAt: null,
    expiresAt: null,
    requestId: randomUUID(),
    traceparent: null,
    deadlineAt: new Date(Date.now() + 600_000),
  } as Transfer;
}
