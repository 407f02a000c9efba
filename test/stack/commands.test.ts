// The commands on a real stack: the seed fills it once, the audit passes and finds what is broken, and the demo rolls back the
// credits that it makes fail. Each runs as a process of its own, as npm runs it.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { startBenchStack } from '../../bench/bench-stack.ts';
import { silentProgress } from '../../dev/progress.ts';
import { readStackFile, stackFilePath } from '../../dev/stack-file.ts';
import { startStack, type TestStack } from './stack.ts';

const COMMAND_LIMIT_MS = 120_000;
const STAY_MS = 3_000;

interface Ran {
  readonly code: number;
  /** The object on the last line of standard output. */
  readonly json: Record<string, unknown>;
}

describe('the commands', () => {
  let stack: TestStack;
  let api: string;
  before(async () => {
    stack = await startStack();
    api = stack.api;
  });
  after(async () => {
    await stack?.remove();
  });

  const run = (command: string, dataDir: string, ...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const file = fileURLToPath(new URL(`../../commands/${command}.ts`, import.meta.url));
      // The port is taken where the stack runs.
      const env = { ...process.env, DATA_DIR: dataDir, PORT: new URL(api).port };
      const child = execFile(
        process.execPath,
        [file, '--json', ...args],
        { env, timeout: COMMAND_LIMIT_MS },
        (_, stdout) => {
          resolve({
            code: child.exitCode ?? -1,
            json: JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}') as Record<string, unknown>,
          });
        },
      );
    });
  const demoDir = (): string => join(stack.dataDir, 'demo');
  const brokenInvariants = ({ json }: Ran): string[] => Object.keys(json['violations_by_invariant'] as object).sort();

  test('a seed that is repeated adds nothing', async () => {
    const what = ['--wallets', '6', '--transfers', '12', '--orders', '0', '--seed', '5'];
    const seed = () => run('seed', stack.dataDir, ...what);
    const first = await seed();
    const { wallets_opened, ...figures } = first.json;
    assert.deepEqual(
      [first.code, figures['ok'], figures['wallets'], figures['transactions'], figures['transfers']],
      [0, true, 6, 7, 12],
    );
    assert.equal(wallets_opened, 6);
    const again = await seed();
    assert.deepEqual(again.json, { ...figures, wallets_opened: 0 });

    const audit = await run('audit', stack.dataDir);
    const { transfers, transactions, wallets } = audit.json['checked'] as Record<string, number>;
    assert.deepEqual(
      [audit.code, audit.json['ok'], audit.json['violations'], transfers, transactions],
      [0, true, [], 12, 7],
    );
    assert.ok(wallets! > 6, 'the external wallets too');
  });

  test('a seed of orders that is repeated adds nothing, and its orders are in several states', async () => {
    const seed = (): Promise<Ran> =>
      run('seed', stack.dataDir, '--wallets', '2', '--transfers', '0', '--orders', '16', '--seed', '6');
    const first = await seed();
    const { wallets_opened: _, ...figures } = first.json;
    assert.deepEqual([first.code, figures['ok'], figures['orders']], [0, true, 16], JSON.stringify(first.json));
    const outcomes = Object.keys(figures['order_outcomes'] as object).sort();
    for (const outcome of ['CONFIRMED', 'COMPLETED', 'CANCELED canceled', 'CANCELED out_of_stock'])
      assert.ok(outcomes.includes(outcome), outcomes.join());
    const orders = (): Promise<unknown> =>
      fetch(`${api}/v1/orders?limit=200`, { headers: stack.authorization }).then((answer) => answer.json());
    const before = await orders();
    const again = await seed();
    assert.deepEqual(again.json, { ...figures, wallets_opened: 0 });
    assert.deepEqual(await orders(), before);
  });

  test('the demo rolls back the transfers that the seed drew, loses no money, and leaves nothing running', async () => {
    const { code, json } = await run('demo', stack.dataDir, '--transfers', '10', '--fail-credit', '0.3', '--seed', '1');
    assert.deepEqual([code, json['ok'], json['violations'], json['under_way']], [0, true, 0, 0], JSON.stringify(json));
    assert.equal(Number(json['completed']) + Number(json['rolled_back']), 10);
    assert.ok(Number(json['rolled_back']) >= 3, 'a busy machine may be too slow for others too');
    assert.equal(json['money_after'], json['money_before']);
    assert.match(String(json['rolled_back_example']), /^http:.*\/workflows\/transfer%2F[0-9a-f-]{36}$/);
    assert.equal(existsSync(stackFilePath(demoDir())), false);
  });

  test('a demo has data and ports of its own, whatever is set for the stack that runs beside it', async () => {
    const before = await run('audit', stack.dataDir);
    const { processes } = stack.file();
    const { code, json } = await run('demo', stack.dataDir, '--transfers', '1', '--fail-credit', '0');
    assert.deepEqual([code, json['ok'], json['completed']], [0, true, 1], JSON.stringify(json));
    assert.deepEqual((await run('audit', stack.dataDir)).json['checked'], before.json['checked']);
    assert.deepEqual(stack.file().processes, processes, 'the stack went on');
  });

  test('a bench removes the data of its own stack alone', async () => {
    const given = process.env['DATA_DIR'];
    process.env['DATA_DIR'] = stack.dataDir;
    try {
      const bench = await startBenchStack(silentProgress, new AbortController().signal);
      assert.equal(bench.infrastructure.dataDir, join(stack.dataDir, 'bench'));
      await bench.stop();
      assert.equal(existsSync(bench.infrastructure.dataDir), false);
    } finally {
      if (given === undefined) delete process.env['DATA_DIR'];
      else process.env['DATA_DIR'] = given;
    }
    assert.equal((await fetch(`${stack.api}/health/ready`)).status, 200);
  });

  test('a demo that is told to stay is up until it is asked to stop', async () => {
    const file = fileURLToPath(new URL('../../commands/demo.ts', import.meta.url));
    const args = [file, '--json', '--stay', '--transfers', '1', '--fail-credit', '0'];
    const demo = spawn(process.execPath, args, {
      env: { ...process.env, DATA_DIR: stack.dataDir },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: COMMAND_LIMIT_MS,
    });
    const exited = once(demo, 'exit');
    const [output] = (await once(demo.stdout, 'data')) as [Buffer];
    assert.equal((JSON.parse(output.toString()) as { ok: boolean }).ok, true);
    // Longer than one that ends takes to stop its services.
    await sleep(STAY_MS);
    const { api, databases } = readStackFile(demoDir());
    assert.equal((await fetch(`${api}/health/ready`)).status, 200);
    await withDatabase(databases['wallet-1']!, `UPDATE wallets SET balance = balance + 1 WHERE kind = 'external'`);
    demo.kill('SIGINT');
    assert.deepEqual(await exited, [0, null]);
  });

  test('a demo on broken data fails', async () => {
    const { code, json } = await run('demo', stack.dataDir, '--transfers', '2', '--fail-credit', '0');
    assert.deepEqual([code, json['ok'], json['completed']], [1, false, 2]);
    assert.ok(Number(json['violations']) > 0);
  });

  test('the audit names a balance that was changed and an open workflow of nothing', async () => {
    const { databases, temporal } = stack.file();
    const connection = await Connection.connect({ address: temporal.address });
    const workflowId = 'transfer/5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10';
    const workflow = await new Client({ connection }).workflow.start('transfer', {
      workflowId,
      taskQueue: 'transfer',
      startDelay: '1 hour',
    });
    await withDatabase(
      databases['wallet-1']!,
      `UPDATE wallets SET balance = balance + 1 WHERE wallet_id = (SELECT min(wallet_id::text)::uuid FROM wallets WHERE kind = 'user')`,
    );

    const audit = await run('audit', stack.dataDir);
    assert.deepEqual([audit.code, audit.json['ok'], brokenInvariants(audit)], [1, false, ['I1', 'I3', 'I5']]);
    assert.match(JSON.stringify(audit.json['violations']), /transfer 5b3a9d51.*never was/);
    await workflow.terminate();
    assert.deepEqual(
      brokenInvariants(await run('audit', stack.dataDir)),
      ['I1', 'I3'],
      'a workflow that was terminated is not open',
    );
    await connection.close();
  });

  test('the audit says so where it cannot look', async () => {
    assert.equal(await stack.stop(), 0);
    const none = await run('audit', stack.dataDir);
    assert.equal(none.code, 3);
    assert.match(String(none.json['error']), /No stack runs on/);
  });
});

async function withDatabase(url: string, statement: string): Promise<void> {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  try {
    await database.query(statement);
  } finally {
    await database.end();
  }
}
