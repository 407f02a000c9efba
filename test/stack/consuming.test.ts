// Services of others beside a real stack: one that consumes its events, and one that joins a payment by a saga; and the projection that
// ships.

import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { spawnTethered } from '../../dev/tether.ts';
import { runCounterpoise } from '../pure/run-counterpoise.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000);

describe('consuming events of a real stack', () => {
  let stack: TestStack;
  let money: Money;
  useStack((started) => ({ stack, money } = started));
  const opened: pg.Pool[] = [];
  after(() => Promise.all(opened.map((pool) => pool.end())));

  const databaseNamed = (name: string): pg.Pool => {
    const url = new URL(stack.file().databases['events']!);
    url.pathname = `/${name}`;
    const pool = new pg.Pool({ connectionString: url.href, max: 1 });
    pool.on('error', () => {}); // its server stops before it does
    opened.push(pool);
    return pool;
  };
  const balancesByLedgers = async (): Promise<Map<string, string>> => {
    const rows = await Promise.all(
      (['wallet-0', 'wallet-1'] as const).map((place) =>
        money.rows<{ wallet_id: string; balance: string }>(
          place,
          `SELECT wallet_id, balance FROM wallets WHERE kind = 'user' AND EXISTS (SELECT FROM ledger_entries e WHERE e.wallet_id = wallets.wallet_id)`,
        ),
      ),
    );
    return new Map(rows.flat().map(({ wallet_id, balance }) => [wallet_id, balance]));
  };
  const head = async (): Promise<number> => (await money.api.get<{ head: number }>('/v1/events?limit=1')).body.head;
  const activityOf = async (wallet: string): Promise<Record<string, { count: number; sum: string }>> => {
    const { status, body } = await money.api.get<{ data: { type: string; count: number; sum: string }[] }>(
      `/v1/wallets/${wallet}/activity`,
    );
    assert.equal(status, 200);
    return Object.fromEntries(body.data.map(({ type, count, sum }) => [type, { count, sum }]));
  };

  /** As `npm run example:consumer` runs it. */
  function startExample(): { child: ChildProcess; output: () => string } {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> };
    assert.equal(scripts['example:consumer'], 'exec node examples/consumer/main.ts "${DATA_DIR:-.data}"');
    const args = ['examples/consumer/main.ts', stack.dataDir];
    const child = spawnTethered(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return { child, output: () => output };
  }

  test('the example, killed at random points under load, ends with the balances of the ledgers', async (t) => {
    t.diagnostic(`SEED=${SEED}`);
    let state = SEED;
    const random = (): number => (state = (state * 48_271 + 11) % 2_147_483_647) / 2_147_483_647;
    const wallets = await Promise.all([0, 1, 0, 1].map((shard) => money.wallet(shard as 0 | 1, '1000.00')));
    let isLoaded = true;
    const load = Array.from({ length: 4 }, async (_, n) => {
      while (isLoaded) {
        await money.api.transfer(wallets[n]!, wallets[(n + 1) % 4]!, `${n + 1}.01`);
        // More than there is: refused.
        if (random() < 0.1) await money.api.transfer(wallets[n]!, wallets[(n + 2) % 4]!, '100000.00');
      }
    });
    try {
      for (let kill = 0; kill < 5; kill += 1) {
        const { child, output } = startExample();
        await until(120_000, 'the example does not count', async () => /counted/.test(output()));
        await sleep(random() * 400);
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    } finally {
      isLoaded = false;
      await Promise.all(load);
    }
    await money.assertSound();
    const { child } = startExample();
    const own = databaseNamed('example_balances');
    const isEqual = async (): Promise<boolean> => {
      const { rows } = await own.query<{ wallet_id: string; balance: string }>(
        'SELECT wallet_id, balance FROM balances',
      );
      const expected = await balancesByLedgers();
      const counted = new Map(rows.map(({ wallet_id, balance }) => [wallet_id, balance]));
      return [...expected].every(([id, balance]) => counted.get(id) === balance);
    };
    await until(120_000, 'the balances are not those of the ledgers', isEqual);
    // All is read, and nothing that came late or again was counted a second time.
    const { rows: logged } = await databaseNamed('events').query<{ last: string }>(
      `SELECT max(position) AS last FROM event_log WHERE type LIKE 'wallet.%'`,
    );
    await until(120_000, 'the example has not read everything', async () => {
      const { rows } = await own.query<{ position: string }>(
        `SELECT position FROM consumer_cursors WHERE consumer = 'balances'`,
      );
      return Number(rows[0]!.position) >= Number(logged[0]!.last);
    });
    assert.ok(await isEqual());
    const shown = execFileSync('sh', ['-c', commandToLook()], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, DATA_DIR: stack.dataDir },
    });
    assert.match(shown, new RegExp(wallets[0]!.slice(0, 8)));
    assert.match(shown, /balances/);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null], 'it ends when it is asked to');
  });

  test('the ticket office, whose worker is killed between a hold and its answer, issues exactly the tickets that are paid', async () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> };
    assert.equal(scripts['example:ticketing'], 'exec node examples/ticketing/main.ts "${DATA_DIR:-.data}"');
    const args = ['examples/ticketing/main.ts', stack.dataDir];
    const child = spawnTethered(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = (await child.stdout!.setEncoding('utf8').toArray()).join('').split('\n');
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(code, 0, lines.join('\n'));
    const shown = readFileSync(`${ROOT}examples/ticketing/README.md`, 'utf8').split('\n');
    const told = (text: readonly string[]) =>
      text.filter((line) => /^[A-Z]\w+ {3,}|^the worker|^\d tickets/.test(line));
    assert.equal(told(lines).length, 8, lines.join('\n'));
    assert.deepEqual(told(lines), told(shown), 'README.md shows what is printed');

    // As the databases tell.
    const { rows } = await databaseNamed('example_ticketing').query<{ sale_id: string }>(
      `SELECT sale_id FROM tickets JOIN seats USING (show_id, seat, sale_id)
       WHERE show_id IN (SELECT show_id FROM seats GROUP BY 1 HAVING count(*) = 3)`,
    );
    const paid = await money.rows<{ reference: string }>(
      'transfer',
      `SELECT reference FROM transfers WHERE status = 'COMPLETED' AND capture_method = 'manual'`,
    );
    assert.equal(rows.length, 3);
    assert.deepEqual(rows.map(({ sale_id }) => sale_id).toSorted(), paid.map(({ reference }) => reference).toSorted());
    await money.assertSound();
  });

  test("a wallet's activity is what its ledger says, also after a rebuild by the command line", async () => {
    const [sender, receiver] = await Promise.all([money.wallet(0, '50.00'), money.wallet(1)]);
    for (const amount of ['10.00', '5.50', '1000.00']) await money.api.transfer(sender, receiver, amount);
    const expected = {
      'wallet.credited': { count: 1, sum: '50.0000' },
      'wallet.debited': { count: 2, sum: '15.5000' },
      'wallet.debit-failed': { count: 1, sum: '0.0000' },
    };
    await until(120_000, 'the activity is behind', async () => Object.keys(await activityOf(sender)).length === 3);
    assert.deepEqual(await activityOf(sender), expected);
    assert.deepEqual(await activityOf(receiver), { 'wallet.credited': { count: 2, sum: '15.5000' } });

    const env = { DATA_DIR: stack.dataDir, COUNTERPOISE_API_URL: '' };
    const before = await head();
    const rebuilt = await runCounterpoise(['events', 'rebuild', 'wallet_activity', '--json'], { env });
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    const { live, next } = rebuilt.json<{ live: { generation: number; position: number }; next: null }>();
    assert.deepEqual([live.generation, next], [2, null]);
    assert.ok(live.position >= before);
    assert.deepEqual(await activityOf(sender), expected);

    const letters = await runCounterpoise(['events', 'dead-letters', 'list'], { env });
    assert.deepEqual([letters.code, letters.stdout.trim()], [0, 'There is no dead letter.']);
    const retried = await runCounterpoise(['events', 'dead-letters', 'retry', '--consumer', 'other', '--json'], {
      env,
    });
    assert.deepEqual(
      [retried.code, retried.json<{ error: { code: string } }>().error.code],
      [1, 'projection_not_found'],
    );
    const all = await runCounterpoise(['events', 'dead-letters', 'retry'], { env });
    assert.deepEqual([all.code, all.stdout.trim()], [0, '0 of them are tried again.']);
    const none = await runCounterpoise(['events', 'dead-letters', 'retry', 'nope', '--json'], { env });
    assert.deepEqual([none.code, none.json<{ error: { code: string } }>().error.code], [1, 'dead_letter_not_found']);
  });
});

/** The last command that the example's README.md shows, for the stack on DATA_DIR. */
function commandToLook(): string {
  const readme = readFileSync(`${ROOT}examples/consumer/README.md`, 'utf8');
  const [, command] = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  return command!;
}
