// A deploy of this version over the previous one, under load and in the order of docs/deploying.md: new programs refuse the old
// schema, old ones work on the new schema, both work side by side, and nothing is lost. Each step lasts until a number of
// requests were answered; `MIXED_DEPLOY_REQUESTS=1000 node --test test/stack/mixed-deploy.test.ts` makes it a minute or more.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ORDER_SERVICES } from '../../domain/order-services.ts';
import { stackSettings } from '../../dev/stack-settings.ts';
import { keepApiKeys } from '../../dev/api-key-file.ts';
import { apiClient } from './api-client.ts';
import { freePort } from './free-port.ts';
import { startLoad, type Load } from './load.ts';
import { assertLogged } from './logged.ts';
import { openMoney, type Money } from './money.ts';
import { checkOutPreviousRelease } from './previous-release.ts';
import { startProgramBeside, untilPolling, type ProgramBeside } from './side-by-side.ts';
import { startStack, until, type TestStack } from './stack.ts';

interface Readiness {
  readonly orders: Readonly<Record<string, { readonly status: string }>>;
}

/** The services that the previous release does not have. */
const NEW_SERVICES = ['events', ...ORDER_SERVICES, 'access'];
const SEED = 4;
const REQUESTS_A_STEP = Number(process.env['MIXED_DEPLOY_REQUESTS'] ?? 80);
const STEPS = 6;
/** The transfers that are under way when the deploy is taken back. */
const GOING_BACK = 8;
/** Some clients give up at the first refusal. */
const MARGIN = 1.25;
const LIMIT_MS = 120_000;
/** Longer than a migration waits for a lock before it gives way. */
const LOCKED_MS = 3_000;

const directory = mkdtempSync(join(tmpdir(), 'counterpoise-release-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const build = checkOutPreviousRelease(join(directory, 'source'));

describe('a deploy', { skip: build === undefined && 'the history does not reach back to the previous release' }, () => {
  let stack: TestStack;
  let money: Money;
  let load: Load;
  let answered = 0;
  let throughNewApi: ReturnType<typeof apiClient> | undefined;
  const beside: ProgramBeside[] = [];
  const start = (file: string, settings: Record<string, string> = {}): ProgramBeside => {
    const process = startProgramBeside(file, { ...settingsOfNew(stack), ...settings });
    beside.push(process);
    return process;
  };
  const stepUnderLoad = async (): Promise<void> => {
    answered += REQUESTS_A_STEP;
    await load.untilAnswered(answered);
  };

  before(async () => {
    stack = await startStack({ separate: true, build: build! });
    await stack.waitUntilReady();
    drawPasswords(stack);
    money = await openMoney(stack);
    load = await startLoad(money, { seed: SEED, transfers: Math.ceil(STEPS * REQUESTS_A_STEP * MARGIN) });
    await stepUnderLoad();
  });
  after(async () => {
    await Promise.all(beside.map((process) => process.stop()));
    await money?.close();
    await stack?.remove();
  });

  test('begins with the migration: what is new refuses a schema of before, and the old does not notice', async () => {
    const { api, wallet_api } = stack.file();
    const early = [
      start('workers/wallet/main.ts', { WALLET_SHARD: '0', TRANSFER_API_URL: api }),
      start('workers/transfer/main.ts', { WALLET_API_URL: wallet_api! }),
    ];
    for (const worker of early) {
      assert.equal(await worker.ended, 1);
      assert.match(worker.output(), /migrate it first \(npm run migrate\)/);
      assert.doesNotMatch(worker.output(), /"worker started"/);
    }
    await stepUnderLoad();
  });

  test('has the old version go on with the new schema, which arrives at once, and waits in nobody’s way', async () => {
    const release = await money.lockWallet(await money.wallet(0, '1'));
    const migration = start('commands/migrate.ts');
    await sleep(LOCKED_MS);
    await stepUnderLoad();
    assert.ok(!migration.hasEnded(), migration.output());
    await release();
    assert.equal(await migration.ended, 0, migration.output());
    assert.match(
      migration.output(),
      /transfer database: migrated\nevents database: migrated\n(\w+ database: migrated\n){5}.*bound to the namespace/,
    );
    await stepUnderLoad();
  });

  test('has both versions work side by side, the wallet service first', async () => {
    const [port, walletPort, internalPort] = [await freePort(), await freePort(), await freePort()];
    const INTERNAL_KEYS = `first:${Buffer.alloc(32).toString('base64')}`;
    const own = { PORT: `${port}`, WALLET_API_PORT: `${walletPort}`, WALLET_API_URL: `http://127.0.0.1:${walletPort}` };
    start('api/wallet-server.ts', { ...own, INTERNAL_PORT: `${internalPort}`, INTERNAL_KEYS });
    const workers = [
      ...['0', '1'].map((shard) =>
        start('workers/wallet/main.ts', { WALLET_SHARD: shard, TRANSFER_API_URL: stack.file().api }),
      ),
      start('workers/transfer/main.ts', {
        ...{ ...own, INTERNAL_KEYS },
        WALLET_INTERNAL_URL: `http://127.0.0.1:${internalPort}`,
      }),
    ];
    start('workers/events/main.ts');
    const orderWorkers = ORDER_SERVICES.map((name) =>
      start(`workers/${name}/main.ts`, { TRANSFER_API_URL: `http://127.0.0.1:${port}` }),
    );
    start('api/server.ts', own);
    const api = apiClient(
      () => `http://127.0.0.1:${port}`,
      () => stack.authorization,
    );
    throughNewApi = api;
    await Promise.all([...workers, ...orderWorkers].map(untilPolling));
    await until(LIMIT_MS, 'the API of the new version is not ready', async () => {
      const { status, body } = await api.get<Readiness>('/health/ready').catch(() => ({ status: 0, body: undefined }));
      return status === 200 && Object.values(body!.orders).every((check) => check.status === 'up');
    });

    const since = await now();
    const throughNew = await startLoad(
      { ...money, api },
      {
        seed: SEED + 1,
        transfers: Math.ceil(REQUESTS_A_STEP * MARGIN),
      },
    );
    await Promise.all([stepUnderLoad(), throughNew.untilAnswered(REQUESTS_A_STEP)]);
    await throughNew.assertKept();
    const worked = await pidsSeen(since);
    const { processes } = stack.file();
    const old = ['worker-wallet-0', 'worker-wallet-1', 'worker-transfer'].map((name) => processes[name]!);
    for (const pid of [...old, ...workers.map((worker) => worker.pid)])
      assert.ok(worked.has(pid), `the worker ${pid} did nothing, of ${[...worked].join(', ')}`);
  });

  test('goes back with transfers under way, whose workflows have a patch that the old version does not know', async () => {
    const [sender, receiver] = [await money.wallet(0, `${GOING_BACK}`), await money.wallet(1)];
    const release = await money.lockWallet(receiver);
    const requests = Array.from({ length: GOING_BACK }, () =>
      throughNewApi!.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID(), prefer: 'wait=0' }),
    );
    const ids = (await Promise.all(requests)).map(({ body }) => body.transfer_id);
    await until(LIMIT_MS, 'not all were debited', async () => (await money.api.balance(sender)) === '0.0000');

    // All at once, for the old ones are there.
    await Promise.all(beside.splice(0).map((process) => process.stop()));
    const query = `TemporalChangeVersion = 'few-tasks' AND ExecutionStatus = 'Running'`;
    const ended = new Set<string>();
    // Those that workers of the old version have begun have no mark; that all of them are is as likely as eight heads in a row.
    await until(LIMIT_MS, 'no run with the mark is listed', async () => {
      for await (const run of money.temporal.workflow.list({ query })) {
        await money.temporal.workflow.getHandle(run.workflowId, run.runId).terminate('back to the previous version');
        ended.add(run.workflowId);
      }
      return ids.some((id) => ended.has(`transfer/${id}`));
    });
    await release();
    await money.api.post('/v1/reconciliation-runs');
    await until(LIMIT_MS, 'the old version did not take all over', async () => {
      const rows = await Promise.all(ids.map((id) => money.api.get<{ status: string }>(`/v1/transfers/${id}`)));
      return rows.every(({ body }) => body.status === 'COMPLETED');
    });
    await stepUnderLoad();
  });

  test('ends with the new version alone, and every cent is where it belongs', async () => {
    await Promise.all(beside.splice(0).map((process) => process.stop()));
    assert.equal(await stack.stop(), 0);
    await stack.start('by this version');
    await stack.waitUntilReady(LIMIT_MS);
    await load.assertKept();
    await assertLogged(money);
  });

  test('has the legs that the old version decided told their counterparties, by the command for it', async () => {
    const former = `SELECT transaction_id FROM operation_fences WHERE leg IN ('debit', 'credit') AND counterparty_wallet_id IS NULL`;
    const shards = ['wallet-0', 'wallet-1'] as const;
    for (const shard of shards) assert.ok((await money.rows(shard, former)).length > 0);
    const filling = start('commands/fill-counterparties.ts');
    assert.equal(await filling.ended, 0, filling.output());
    for (const shard of shards) assert.deepEqual(await money.rows(shard, former), [], filling.output());
    await money.assertSound();
  });

  async function now(): Promise<string> {
    const [row] = await money.rows<{ now: string }>('transfer', 'SELECT now()::text');
    return row!.now;
  }

  /** The processes that took tasks of transfers that were accepted since, by the identities that the SDK gives workers. */
  async function pidsSeen(since: string): Promise<Set<number>> {
    const rows = await money.rows<{ id: string }>(
      'transfer',
      `SELECT transfer_id AS id FROM transfers WHERE created_at > $1::timestamptz AND status = 'COMPLETED' LIMIT 100`,
      [since],
    );
    const histories = await Promise.all(
      rows.map(({ id }) => money.temporal.workflow.getHandle(`transfer/${id}`).fetchHistory()),
    );
    const started = histories.flatMap(({ events }) =>
      (events ?? []).map(
        (event) => event.workflowTaskStartedEventAttributes ?? event.activityTaskStartedEventAttributes,
      ),
    );
    return new Set(started.map((attributes) => Number.parseInt(attributes?.identity ?? '', 10)));
  }
});

/** The previous release has neither an events service nor orders nor keys: who deploys this one draws passwords for their roles, and keys. */
function drawPasswords({ dataDir }: TestStack): void {
  const file = join(dataDir, 'settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as { passwords: Record<string, string> };
  for (const name of NEW_SERVICES) settings.passwords[`${name}_service`] = randomBytes(24).toString('hex');
  writeFileSync(file, JSON.stringify(settings));
  keepApiKeys(dataDir);
}

/** What programs of this version are told beside a stack of the previous one. */
function settingsOfNew(stack: TestStack): Record<string, string> {
  const { databases } = stack.file();
  const at = (name: string): string => Object.assign(new URL(databases['transfer']!), { pathname: `/${name}` }).href;
  return stackSettings(stack, { ...databases, ...Object.fromEntries(NEW_SERVICES.map((name) => [name, at(name)])) });
}
