// The output and the exit codes of the command line where no stack is needed. Its batches are in command-line-batch.test.ts.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startFakeApi, problem, runCounterpoise, type RunOptions } from './run-counterpoise.ts';

/** A Node on this machine that cannot run TypeScript, as a user's may be. */
function olderNode(): string | undefined {
  const named = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return named.find((node) => {
    if (!existsSync(node)) return false;
    return execFileSync(node, ['-p', 'process.features.typescript ?? false'], { encoding: 'utf8' }).trim() === 'false';
  });
}

describe('the command line', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const noStack = (): RunOptions => ({ env: { DATA_DIR: join(folder, 'none'), COUNTERPOISE_API_URL: '' } });

  test('says that no stack runs, and exits 3', async () => {
    const { code, stdout, stderr } = await runCounterpoise(['wallet', 'show', 'w'], noStack());
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /no stack runs in .*none: start one with npm start, or say --api-url/);
    const json = await runCounterpoise(['wallet', 'show', 'w', '--json'], noStack());
    assert.deepEqual([json.code, json.json<{ error: { code: string } }>().error.code], [3, 'no_stack']);
    assert.equal((await runCounterpoise(['audit'], noStack())).code, 3);
  });

  test('says that the API does not answer, and exits 3 with the key that goes on', async () => {
    const at = ['--api-url', 'http://127.0.0.1:1', '--json', '--currency', 'USD'];
    const { code, stderr, json } = await runCounterpoise(['transfer', 'a', 'b', '1.00', '--key', 'k-1', ...at]);
    assert.deepEqual([code, json<{ error: object }>().error], [3, { ...json<{ error: object }>().error, key: 'k-1' }]);
    assert.match(stderr, /no answer.*repeat it with --key k-1/s);
  });

  test('what the API cannot do now is told with its title, its detail and its code, and exits 3', async () => {
    const members = { title: 'A wallet database was restored', detail: 'Nothing was stored.' };
    const { server, env } = await startFakeApi(() => problem(503, 'wallet_shard_behind', members));
    try {
      const args = ['transfer', 'a', 'b', '1.00', '--currency', 'USD', '--key', 'k-1'];
      const { code, stderr } = await runCounterpoise(args, { env });
      assert.equal(code, 3);
      assert.equal(
        stderr,
        `counterpoise: A wallet database was restored: Nothing was stored. (wallet_shard_behind)
Whether it took effect is not known; repeat it with --key k-1\n`,
      );
    } finally {
      server.close();
    }
  });

  for (const args of [
    [],
    ['bogus'],
    ['wallet', 'show'],
    ['fund', 'w', '1.00', '--timeout', 'soon'],
    ['transfer', 'a', 'b', '1.00', '--metadata', 'novalue'],
    ['wallet', 'show', 'w', '--api-url', 'nowhere'],
    ['cases', 'resolve', 'c', '--action', 'forget', '--comment', 'x'],
    ['cases', 'list', '--limit', '201'],
    ['transfer', 'list', '--limit', '0'],
    ['wallet', 'list', '--limit', 'all'],
    ['batch', '/nowhere.csv'],
    ['transfer', 'cancel-by-key', 'a', 'b', '1.00'],
  ]) {
    test(`exits 2 for: counterpoise ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await runCounterpoise(args, noStack());
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, args[0] === 'batch' ? /cannot be read/ : /Usage:|Add --help to see how it is used\./);
    });
  }

  test('a setting that is wrong is named, and exits 2', async () => {
    const { code, stderr } = await runCounterpoise(['wallet', 'list'], { env: { COUNTERPOISE_API_URL: 'ftp://x' } });
    assert.equal(code, 2);
    assert.match(stderr, /COUNTERPOISE_API_URL is wrong: expected an http:\/\/ URL/);
  });

  test('its help says what the exit codes mean', async () => {
    const { code, stdout } = await runCounterpoise(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
  });

  test('a Node that cannot run TypeScript hands over to the one that is installed beside it', async () => {
    const without: RunOptions['node'] = [process.execPath, '--no-strip-types'];
    assert.equal((await runCounterpoise(['--version'], { node: without })).stdout, '0.1.0\n');
    assert.equal((await runCounterpoise(['wallet', 'show'], { ...noStack(), node: without })).code, 2);
  });

  test('npx finds it in the repository, with nothing to install', () => {
    const cwd = fileURLToPath(new URL('../../', import.meta.url));
    assert.equal(
      execFileSync('npx', ['--no', '--', 'counterpoise', '--version'], { cwd, encoding: 'utf8' }),
      '0.1.0\n',
    );
  });

  const older = olderNode();
  test('an older Node does, too', { skip: older === undefined && 'there is none on PATH' }, async () => {
    const { code, stdout } = await runCounterpoise(['--help'], { node: [older!] });
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: counterpoise/);
  });

  test('a case is shown with its last error and with all that was done about it', async () => {
    const shown = {
      ...{ case_id: 'c', subject: 'movement/m', transfer_id: null, transaction_id: null },
      ...{ reason: 'entries_without_movement', status: 'RESOLVED', since: 's', attempts: 0, resolved_at: 'r' },
      last_error: 'entries of a movement that nobody asked for: -25.0000 USD',
      history: [
        { action: 'opened', actor: 'counterpoise', on_behalf_of: null, comment: 'found', at: 't1' },
        { action: 'resolved', actor: 'ann', on_behalf_of: 'eve', comment: 'the row was lost', at: 't2' },
      ],
    };
    const { server, env } = await startFakeApi(() => [200, shown]);
    try {
      const { code, stdout } = await runCounterpoise(['cases', 'show', 'c'], { env });
      assert.equal(code, 0);
      assert.match(stdout, /^case +c\nsubject +movement\/m\nstatus +RESOLVED\nreason +entries_without_movement\n/);
      assert.match(stdout, /\nlast error +entries of a movement .* -25\.0000 USD\nresolved +r\n\n/);
      assert.match(stdout, /\nopened +t1 +counterpoise +found\nresolved +t2 +ann +eve +the row was lost\n$/);
      assert.deepEqual((await runCounterpoise(['cases', 'show', 'c', '--json'], { env })).json(), shown);
    } finally {
      server.close();
    }
  });

  test('money is moved in the currency of its wallet, unless another is said', async () => {
    const sent: unknown[] = [];
    const { server, env } = await startFakeApi(({ route, body }) => {
      if (route === 'GET /v1/wallets/yen') return [200, { wallet_id: 'yen', currency: 'JPY' }];
      if (route.startsWith('GET')) return problem(404, 'wallet_not_found', { title: 'There is no such wallet' });
      const { currency } = body as { currency: string };
      sent.push([route, currency]);
      const isTransfer = route === 'POST /v1/transfers';
      return [200, { status: isTransfer ? 'COMPLETED' : 'PROCESSED', amount: '5.0000', attention: null, currency }];
    });
    try {
      const run = (...args: string[]) => runCounterpoise(args, { env });
      assert.match((await run('fund', 'yen', '5', '--json')).stdout, /"currency": "JPY"/);
      await run('withdraw', 'yen', '5');
      await run('transfer', 'yen', 'other', '5', '--json');
      await run('transfer', 'yen', 'other', '5', '--currency', 'USD', '--json');
      const transactions = ['POST /v1/transactions', 'JPY'];
      assert.deepEqual(sent, [
        ...[transactions, transactions],
        ...[
          ['POST /v1/transfers', 'JPY'],
          ['POST /v1/transfers', 'USD'],
        ],
      ]);
      const { code, stderr } = await run('fund', 'none', '5');
      assert.deepEqual([code, sent.length], [1, 4]);
      assert.match(stderr, /There is no such wallet \(wallet_not_found\)/);
    } finally {
      server.close();
    }
  });

  test('transfers and wallets are listed as many as are asked for, and it is said if there are more', async () => {
    const asked: (string | undefined)[] = [];
    const { server, env } = await startFakeApi(({ route, query }) => {
      asked.push(`${route}?${query}`);
      return [200, { data: [], next_cursor: query === 'limit=200' ? 'more' : null }];
    });
    try {
      const run = async (...args: string[]) => (await runCounterpoise(args, { env })).stdout;
      for (const noun of ['transfer', 'wallet']) {
        assert.doesNotMatch(await run(noun, 'list'), /There are more/);
        assert.match(await run(noun, 'list', '--limit', '200'), /\n\nThere are more: --limit/);
      }
      const routes = ['GET /v1/transfers', 'GET /v1/wallets'];
      assert.deepEqual(
        asked,
        routes.flatMap((route) => [`${route}?limit=50`, `${route}?limit=200`]),
      );
    } finally {
      server.close();
    }
  });

  test('the types of events are listed by name, and given as JSON with their schemas', async () => {
    const type = { type: 'transfer.completed', title: 'A transfer is completed', schema: { type: 'object' } };
    const { server, env } = await startFakeApi(({ route }) => [
      200,
      route === 'GET /v1/event-types' ? { data: [type] } : {},
    ]);
    try {
      const { code, stdout } = await runCounterpoise(['events', 'types'], { env });
      assert.deepEqual([code, stdout], [0, 'TYPE                TITLE\ntransfer.completed  A transfer is completed\n']);
      assert.deepEqual((await runCounterpoise(['events', 'types', '--json'], { env })).json(), [type]);
    } finally {
      server.close();
    }
  });

  test('cases are listed as many as are asked for, of those that are open unless all are wanted', async () => {
    const asked: (string | undefined)[] = [];
    const { server, env } = await startFakeApi(({ query }) => {
      asked.push(query);
      return [200, { data: [], next_cursor: null, open_count: 0 }];
    });
    try {
      await runCounterpoise(['cases', 'list', '--limit', '200'], { env });
      await runCounterpoise(['cases', 'list', '--all'], { env });
      assert.deepEqual(asked, ['status=OPEN&limit=200', 'limit=50']);
    } finally {
      server.close();
    }
  });

  test('a case is resolved where it is decided: at its transfer if that has a workflow, by itself otherwise', async () => {
    const given = {
      case_id: 'c',
      subject: 'transfer/t',
      transfer_id: 't',
      reason: 'refund',
      status: 'OPEN',
      since: 's',
      attempts: 7,
    };
    const sent: unknown[] = [];
    const { server, env } = await startFakeApi(({ route, headers, body }) => {
      if (headers['x-actor'] !== undefined) sent.push([route, headers['x-actor'], body]);
      if (route === 'GET /v1/cases') return [200, { data: [given], next_cursor: null, open_count: 3 }];
      if (route === 'POST /v1/cases/c/resolve') return problem(409, 'case_has_workflow');
      return [200, route === 'GET /v1/cases/c' ? given : { transfer_id: 't', status: 'DEBITED', attention: null }];
    });
    try {
      const { stdout } = await runCounterpoise(['cases', 'list'], { env });
      assert.match(stdout, /^CASE +STATUS +SUBJECT .*\nc +OPEN +transfer\/t +refund +s +7\n\n3 are open in all\.\n$/);

      const decide = ['cases', 'resolve', 'c', '--comment', 'seen', '--on-behalf-of', 'ann', '--json', '--action'];
      assert.equal((await runCounterpoise([...decide, 'retry'], { env })).json()['status'], 'DEBITED');
      assert.equal(
        (await runCounterpoise([...decide, 'close'], { env })).code,
        1,
        'only a transfer that ends closes it',
      );
      const retry = { action: 'retry', comment: 'seen' };
      assert.deepEqual(sent, [
        ['POST /v1/cases/c/resolve', 'ann', retry],
        ['POST /v1/transfers/t/resolve', 'ann', retry],
        ['POST /v1/cases/c/resolve', 'ann', { ...retry, action: 'close' }],
      ]);
    } finally {
      server.close();
    }
  });
});

test('a transfer that waits for approvals exits 1 where its end is waited for, as one that failed does', async () => {
  const transfer = {
    ...{ transfer_id: 't', sender_wallet_id: 'a', receiver_wallet_id: 'b', amount: '9.0000', currency: 'USD' },
    ...{ attention: null, failure_reason: null, capture_method: 'automatic', reversed_amount: '0.0000' },
  };
  let now = 'AWAITING_APPROVAL';
  const { server, env } = await startFakeApi(() => [202, { ...transfer, status: now }]);
  try {
    const send = async (...more: string[]) =>
      (await runCounterpoise(['transfer', 'a', 'b', '9.00', '--currency', 'USD', ...more], { env })).code;
    assert.deepEqual([await send('--wait'), await send()], [1, 0]);
    now = 'SCHEDULED';
    assert.equal(await send('--wait'), 0);
    now = 'FAILED';
    assert.equal(await send('--wait'), 1);
  } finally {
    server.close();
  }
});
