// The output and the exit codes of the command line where no stack is needed, and its batches on a fake API.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeCsv, readBatchRows } from '../../commands/cli/batch-csv.ts';
import { startFakeApi, problem, runCounterpoise, type RunOptions } from './run-counterpoise.ts';

const HEADER = 'sender_wallet_id,receiver_wallet_id,amount';

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
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
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

  describe('a CSV file', () => {
    const rowsOf = (text: string): unknown => readBatchRows(text, 'f.csv');

    test('is read by its header, with quotes, empty cells and line numbers', () => {
      const text = `\uFEFF${HEADER},reference,currency\r\na,b,1.00,"Rent, May",EUR\r\n\r\nc,d,2.00,"two\r\nlines",\r\n`;
      assert.deepEqual(rowsOf(text), [
        {
          line: 2,
          item: {
            sender_wallet_id: 'a',
            receiver_wallet_id: 'b',
            amount: '1.00',
            reference: 'Rent, May',
            currency: 'EUR',
          },
        },
        {
          line: 5,
          item: { sender_wallet_id: 'c', receiver_wallet_id: 'd', amount: '2.00', reference: 'two\nlines' },
        },
      ]);
    });

    test('that is not UTF-8 is refused, with the line; one that is is read as it is', () => {
      const latin1 = Buffer.from(`${HEADER},reference\na,b,1.00,Café\nc,d,2.00,Müller\n`, 'latin1');
      assert.throws(() => decodeCsv(latin1, 'f.csv'), /^CommandError: f.csv, line 2: it is not UTF-8$/);
      const [first, ...others] = [`${HEADER},reference\n`, 'a,b,1.00,Café\n', 'c,d,2.00,M'].map((part) =>
        Buffer.from(part),
      );
      const cut = Buffer.concat([first!, ...others, Buffer.from([0xc3])]);
      assert.throws(() => decodeCsv(cut, 'f.csv'), /line 3: it is not UTF-8/);
      assert.equal(decodeCsv(Buffer.from('\uFEFFé\uFFFD'), 'f.csv'), '\uFEFFé\uFFFD');
    });

    for (const [what, text, says] of [
      ['without a column', 'sender_wallet_id,amount\na,1\n', /line 1: .*receiver_wallet_id is missing/],
      ['with another column', `${HEADER},memo\na,b,1,x\n`, /line 1: .*there is no "memo"/],
      ['with a column twice', `${HEADER},amount\na,b,1,2\n`, /line 1: .*a column is there twice/],
      ['with a row that is too short', `${HEADER}\na,b,1\na,b\n`, /line 3/],
      ['with an empty cell', `${HEADER}\na,b,1\na,,1\n`, /line 3: receiver_wallet_id is empty/],
      ['with an open quote', `${HEADER}\na,b,"1\n`, /f\.csv: Quote Not Closed/],
      ['without rows', `${HEADER}\n`, /no items/],
    ] as const) {
      test(`${what} is refused with its line`, () => assert.throws(() => rowsOf(text), says));
    }
  });

  describe('a batch', () => {
    let server: Server;
    let env: Record<string, string>;
    let polls = 0;
    /** What became of a batch that was sent before. */
    let became = { total: 1, pending: 0, completed: 1, failed: 0 };
    const keys = new Set<unknown>();
    let received: { key: unknown; items: unknown };
    const batch = (pending: number): object => ({
      batch_id: 'b-1',
      status: pending > 0 ? 'PROCESSING' : 'COMPLETED',
      attention: null,
      created_at: '2026-01-31T12:00:00.000Z',
      counts: { total: 3, pending, completed: pending === 0 ? 1 : 0, failed: pending === 0 ? 2 : 3 - pending },
    });
    const ITEMS = [
      { index: 0, transfer_id: 't-0', status: 'COMPLETED', failure_reason: null },
      { index: 1, transfer_id: 't-1', status: 'FAILED', failure_reason: 'insufficient_funds' },
      { index: 2, transfer_id: 't-2', status: 'CANCELED', failure_reason: null },
    ];

    before(async () => {
      ({ server, env } = await startFakeApi(({ route, headers, body }) => {
        if (route === 'GET /v1/transfer-batches/b-1/items') return [200, { data: ITEMS, next_cursor: null }];
        if (route === 'GET /v1/transfer-batches/b-1') return [200, batch(2 - Math.min(polls++, 2))];
        const { items } = body as { items: { amount: string }[] };
        received = { key: headers['idempotency-key'], items };
        const wrong = items.findIndex(({ amount }) => amount === '0');
        const isReplayed = keys.has(received.key);
        keys.add(received.key);
        if (isReplayed) return [202, { ...batch(0), counts: became }, { 'idempotent-replayed': 'true' }];
        if (wrong === -1) return [202, batch(3)];
        const fault = { code: 'amount_not_positive', detail: 'Must be more than zero.' };
        return problem(422, fault.code, { errors: [{ pointer: `/items/${wrong}/amount`, ...fault }] });
      }));
    });
    after(() => server.close());

    test('is sent once, followed to its end, and exits 1 with what failed and on which line', async () => {
      const csv = file('good.csv', `${HEADER},reference\na,b,1.00,x\na,b,2.00,\nb,a,3.00,\n`);
      const { code, stdout, stderr } = await runCounterpoise(['batch', csv, '--key', 'k-9'], { env });
      assert.equal(code, 1);
      assert.deepEqual(received, {
        key: 'k-9',
        items: [
          { sender_wallet_id: 'a', receiver_wallet_id: 'b', amount: '1.00', reference: 'x' },
          { sender_wallet_id: 'a', receiver_wallet_id: 'b', amount: '2.00' },
          { sender_wallet_id: 'b', receiver_wallet_id: 'a', amount: '3.00' },
        ],
      });
      assert.match(
        stdout,
        /status +COMPLETED\ncompleted +1\nfailed +2\n\nLINE +TRANSFER +REASON\n +3 +t-1 +insufficient_funds\n +4 +t-2\s*$/,
      );
      assert.match(stderr, /✓ Batch b-1: █+ 3 of 3/);
      assert.ok(polls >= 3, 'it was looked at until nothing was pending');
    });

    test('of a file that was sent before has the same key, says so, and is moved again only by --again', async () => {
      const [csv, copy] = ['twice.csv', 'copy.csv'].map((name) => file(name, `${HEADER}\na,b,1.00\n`));
      const send = async (...args: string[]) => {
        const { stderr, json } = await runCounterpoise(['batch', ...args, '--no-wait', '--json'], { env });
        return { key: received.key, stderr, isTold: json()['was_sent_before'] };
      };
      const first = await send(csv!);
      assert.match(String(first.key), /^csv-sha256-[0-9a-f]{64}$/);
      assert.deepEqual([first.isTold, first.stderr], [false, '']);
      const second = await send(copy!);
      assert.deepEqual([second.key, second.isTold], [first.key, true]);
      assert.match(
        second.stderr,
        /^This file was sent before, as batch b-1 of 2026-01-31T12:00:00\.000Z: .* --again\n$/,
      );
      const again = await send(csv!, '--again');
      assert.notEqual(again.key, first.key);
      assert.deepEqual([again.isTold, again.stderr], [false, `To repeat this safely: --key ${String(again.key)}\n`]);
      const other = await send(file('other.csv', `${HEADER}\na,b,2.00\n`));
      assert.notEqual(other.key, first.key);
      assert.equal((await runCounterpoise(['batch', csv!, '--again', '--key', 'k'], { env })).code, 2);
      const unsent = await send(file('unsent.csv', `${HEADER}\na,b,3.00\n`), '--again');
      assert.deepEqual([String(unsent.key).slice(0, 11), unsent.isTold], ['csv-sha256-', false]);
    });

    test('that failed in part is not sent once more by --again: the rows that failed are written into a file', async () => {
      const csv = file('part.csv', `${HEADER},reference\na,b,1.00,x\na,b,2.00,"May, rent"\nb,a,3.00,\n`);
      const rest = join(folder, 'rest.csv');
      const first = await runCounterpoise(['batch', csv], { env });
      assert.match(first.stderr, /not to be moved twice: --failed <csv> writes the rows that failed/);
      const keysBefore = keys.size;

      became = { total: 3, pending: 0, completed: 1, failed: 2 };
      const again = await runCounterpoise(['batch', csv, '--again'], { env });
      assert.equal(again.code, 2);
      assert.match(
        again.stderr,
        /as batch b-1: 1 of its rows have arrived, and --again would move them twice\. Nothing/,
      );
      became = { total: 3, pending: 1, completed: 0, failed: 2 };
      const early = await runCounterpoise(['batch', csv, '--again'], { env });
      assert.deepEqual([early.code, keys.size], [2, keysBefore]);
      assert.match(early.stderr, /which is under way/);

      became = { total: 3, pending: 0, completed: 1, failed: 2 };
      const written = await runCounterpoise(['batch', csv, '--failed', rest], { env });
      assert.equal(written.code, 1);
      assert.match(written.stderr, /The 2 rows that failed are in .*rest\.csv: correct and send that file/);
      assert.doesNotMatch(written.stderr, /--again/);
      assert.equal(keys.size, keysBefore, 'nothing was sent by another key');
      const text = readFileSync(rest, 'utf8');
      assert.deepEqual(
        readBatchRows(text, rest).map(({ item }) => item),
        (received.items as object[]).slice(1),
      );
      assert.match(text, /"May, rent"/);
      const taken = await runCounterpoise(['batch', csv, '--failed', rest], { env });
      assert.deepEqual([taken.code, readFileSync(rest, 'utf8')], [2, text]);
      assert.equal((await runCounterpoise(['batch', csv, '--failed', 'x.csv', '--no-wait'], { env })).code, 2);

      // Of a batch of which nothing has arrived, nothing can be moved twice.
      became = { total: 3, pending: 0, completed: 0, failed: 3 };
      await runCounterpoise(['batch', csv, '--again', '--no-wait'], { env });
      assert.equal(keys.size, keysBefore + 1);
    });

    test('that the API refuses is told by the line of the file', async () => {
      const csv = file('zero.csv', `${HEADER}\na,b,1.00\n\na,b,0\n`);
      const { code, stderr } = await runCounterpoise(['batch', csv], { env });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /nothing of it was done:\n {2}line 4, amount: Must be more than zero\. \(amount_not_positive\)/,
      );
    });
  });

  test('a case is shown with its last error and with all that was done about it', async () => {
    const shown = {
      ...{ case_id: 'c', subject: 'movement/m', transfer_id: null, transaction_id: null },
      ...{ reason: 'entries_without_movement', status: 'RESOLVED', since: 's', attempts: 0, resolved_at: 'r' },
      last_error: 'entries of a movement that nobody asked for: -25.0000 USD',
      history: [
        { action: 'opened', actor: 'counterpoise', comment: 'found', at: 't1' },
        { action: 'resolved', actor: 'ann', comment: 'the row was lost', at: 't2' },
      ],
    };
    const { server, env } = await startFakeApi(() => [200, shown]);
    try {
      const { code, stdout } = await runCounterpoise(['cases', 'show', 'c'], { env });
      assert.equal(code, 0);
      assert.match(stdout, /^case +c\nsubject +movement\/m\nstatus +RESOLVED\nreason +entries_without_movement\n/);
      assert.match(stdout, /\nlast error +entries of a movement .* -25\.0000 USD\nresolved +r\n\n/);
      assert.match(stdout, /\nopened +t1 +counterpoise +found\nresolved +t2 +ann +the row was lost\n$/);
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

      const decide = ['cases', 'resolve', 'c', '--comment', 'seen', '--actor', 'ann', '--json', '--action'];
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
