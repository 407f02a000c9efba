// The batches of the command line: what it reads of a CSV file, and what it does about it, on a fake API.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeCsv, readBatchRows } from '../../commands/cli/batch-csv.ts';
import { problem, runCounterpoise, startFakeApi } from './run-counterpoise.ts';

const HEADER = 'sender_wallet_id,receiver_wallet_id,amount';

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
    let becameStatus = 'COMPLETED';
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
        if (isReplayed)
          return [202, { ...batch(0), status: becameStatus, counts: became }, { 'idempotent-replayed': 'true' }];
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

    test('that waits for approvals exits 1 where its end is waited for, and says that nothing was tried', async () => {
      const csv = file('waiting.csv', `${HEADER}\na,b,9.00\n`);
      await runCounterpoise(['batch', csv, '--no-wait'], { env });
      becameStatus = 'AWAITING_APPROVAL';
      became = { total: 1, pending: 1, completed: 0, failed: 0 };
      const waited = await runCounterpoise(['batch', csv, '--failed', join(folder, 'none.csv')], { env });
      assert.equal(waited.code, 1);
      assert.match(
        waited.stderr,
        /A policy demands approvals.*\n(?:.*\n)*No row was tried yet, so .* was not written\./,
      );
      assert.equal((await runCounterpoise(['batch', csv, '--no-wait'], { env })).code, 0);
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
});
