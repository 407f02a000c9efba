// What the console makes of amounts, times, CSV and sagas, without a browser.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { flowBars, flowTotals } from '../../console/format/flow-bars.ts';
import { amountOf, formatAmount, shareOf, sumOf, unitsOf } from '../../console/format/amount.ts';
import { stepsOf } from '../../console/format/balance-steps.ts';
import { faultOfHeader, itemOf } from '../../console/format/batch-rows.ts';
import { createCsvReader, csvOf } from '../../console/format/csv.ts';
import { curlOf } from '../../console/format/curl.ts';
import { difference } from '../../console/format/difference.ts';
import { metadataIn } from '../../console/format/filters.ts';
import { formatDuration, formatTime } from '../../console/format/time.ts';

describe('amounts', () => {
  test('are shown with the decimals of their currency, and all that they have beyond', () => {
    const shown = (amount: string, currency: string) => formatAmount(amount, currency).text;
    assert.equal(shown('1234567.5000', 'USD'), '1,234,567.50');
    assert.equal(shown('0.1234', 'USD'), '0.1234');
    assert.equal(shown('-25.0000', 'USD'), '−25.00');
    assert.equal(shown('4200000.0000', 'JPY'), '4,200,000');
    assert.equal(shown('1.5000', 'KWD'), '1.500');
    assert.equal(shown('999999999999999.9999', 'USD'), '999,999,999,999,999.9999');
    assert.equal(shown('no amount', 'USD'), 'no amount');
  });

  test('say how far their point is from that of the longest', () => {
    assert.deepEqual(
      ['1.2345', '1.2000', '1.2340'].map((amount) => formatAmount(amount, 'USD').missing),
      [0, 2, 1],
    );
    assert.equal(formatAmount('1.0000', 'JPY').missing, 5);
  });

  test('lose nothing on their way to whole units and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (units) => {
        assert.equal(unitsOf(amountOf(units)), units);
      }),
    );
    assert.equal(sumOf(['-25.0000', '24.9999', '0.0001']), '0.0000');
    assert.equal(unitsOf('1.23456'), undefined);
    assert.equal(shareOf(5n, 5n, 5n), 0.5);
  });
});

test('a balance over time begins with what it was before the first of the entries', () => {
  const entry = (type: 'DEBIT' | 'CREDIT', amount: string, balance_after: string, created_at: string) => ({
    ...{ type, amount, balance_after, created_at },
  });
  const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
  const steps = stepsOf(
    [entry('CREDIT', '5.0000', '80.0000', late), entry('DEBIT', '25.0000', '75.0000', early)],
    'USD',
  );
  assert.equal(steps.balance_before, '100.0000');
  assert.deepEqual(steps.data, [
    { at: early, balance: '75.0000' },
    { at: late, balance: '80.0000' },
  ]);
  assert.equal(stepsOf([], 'USD').balance_before, '0.0000');
});

test('times are told in UTC or in a zone, and durations in one unit', () => {
  assert.equal(formatTime('2026-11-29T02:14:07.123Z', 'UTC'), '2026-11-29 02:14:07');
  assert.equal(formatTime('2026-11-29T02:14:07.123Z', 'Europe/Berlin', { finest: true }), '2026-11-29 03:14:07.123');
  assert.deepEqual([5, 5_000, 720_000, 7_300_000, 90_000_000].map(formatDuration), [
    '5 ms',
    '5 s',
    '12 min',
    '2 h',
    '1 d',
  ]);
});

describe('CSV', () => {
  const read = (text: string, cut = text.length): string[][] => {
    const reader = createCsvReader();
    return [...reader.take(text.slice(0, cut)), ...reader.take(text.slice(cut)), ...reader.end()];
  };

  test('is read the same wherever it is cut', () => {
    const text = '\uFEFFa,b,c\r\n1,"x, ""y""\nz",\r\n\r\n2,,3';
    const rows = [
      ['a', 'b', 'c'],
      ['1', 'x, "y"\nz', ''],
      ['2', '', '3'],
    ];
    for (let cut = 0; cut <= text.length; cut += 1) assert.deepEqual(read(text, cut), rows, `cut at ${cut}`);
  });

  test('with semicolons, as spreadsheets of some countries write it, is read too', () => {
    assert.deepEqual(read('a;b\n1;2,5\n'), [
      ['a', 'b'],
      ['1', '2,5'],
    ]);
  });

  test('with a quote that is not closed is refused', () => {
    assert.throws(() => read('a,b\n"1,2\n'), /not closed/);
  });

  test('that was written is read as it was, and no field of it is a formula', () => {
    const field = fc.string().filter((text) => !/^[=+@\t-]/.test(text) && !/\r/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constant('x'), field, fc.constant('y')), { minLength: 1 }), (rows) => {
        assert.deepEqual(read(csvOf([['a', 'b', 'c'], ...rows])), [['a', 'b', 'c'], ...rows]);
      }),
    );
    assert.equal(csvOf([['=1+1', '-x']]), "'=1+1,'-x\r\n");
  });

  test('becomes the items of a batch by the names of its columns, amounts as the text that they are', () => {
    const header = ['Amount', 'sender_wallet_id', 'receiver_wallet_id', 'reference'];
    assert.equal(faultOfHeader(header), undefined);
    assert.deepEqual(itemOf(header, ['10.10', 's', 'r', '', ''], 1), {
      sender_wallet_id: 's',
      receiver_wallet_id: 'r',
      amount: '10.10',
    });
    assert.match(faultOfHeader(['amount'])!, /sender_wallet_id, receiver_wallet_id are missing/);
    assert.match(faultOfHeader([...header, 'note'])!, /no column note/);
    assert.match(faultOfHeader([...header, 'amount '])!, /names amount twice/);
  });

  test('with more fields than columns is refused: an amount with a comma for its thousands is not another amount', () => {
    const header = ['sender_wallet_id', 'receiver_wallet_id', 'amount'];
    const [row] = read('a,b,1,234.50').map((each) => each);
    assert.throws(() => itemOf(header, row!, 7), /Row 7 has "234.50" in column 4/);
  });

  test('of faulty rows, as the console has written it, is read again', () => {
    const [header, row] = read(
      csvOf([
        ['row', 'sender_wallet_id', 'receiver_wallet_id', 'amount', 'fault', 'transfer_id', 'status', 'failure_reason'],
        [3, 's', 'r', '-1', 'below 0'],
      ]),
    );
    assert.equal(faultOfHeader(header!), undefined);
    assert.equal(itemOf(header!, row!, 1).amount, '-1');
  });

  test('has quotes within plain fields as characters, wherever it is cut', () => {
    const text = 'a,b\n5" pipe,"x"y\n1,2\n';
    for (let cut = 0; cut <= text.length; cut += 1)
      assert.deepEqual(
        read(text, cut),
        [
          ['a', 'b'],
          ['5" pipe', 'xy'],
          ['1', '2'],
        ],
        `cut at ${cut}`,
      );
  });

  test('with a quote that is never closed is given up before all of it is in memory', () => {
    const reader = createCsvReader();
    reader.take('a,b\n"');
    assert.throws(() => {
      for (let n = 0; n < 100; n += 1) reader.take('x'.repeat(10_000));
    }, /not closed/);
  });
});

test('a call as curl has its key in a variable, and quotes what a shell would read', () => {
  const line = curlOf({
    origin: 'http://127.0.0.1:3000',
    method: 'POST',
    path: '/v1/cases/{case_id}/resolve',
    parameters: { case_id: 'x' },
    headers: { 'X-Actor': "O'Neil" },
    body: { comment: "it's $5" },
  });
  assert.equal(
    line,
    String.raw`curl -X POST 'http://127.0.0.1:3000/v1/cases/x/resolve' \
  -H "Authorization: Bearer ${'$'}{COUNTERPOISE_API_KEY:?set it}" \
  -H 'X-Actor: O'\''Neil' \
  -H 'Content-Type: application/json' \
  -d '{"comment":"it'\''s $5"}'`,
  );
});

test('what has changed between two looks is told field by field', () => {
  assert.deepEqual(difference({ status: 'PENDING', a: '1' }, { status: 'FAILED', a: '1', reason: 'x' }), [
    { field: 'status', before: 'PENDING', now: 'FAILED' },
    { field: 'reason', before: undefined, now: 'x' },
  ]);
});

test('a filter by metadata is one pair, whose value may have an equals sign', () => {
  assert.deepEqual(metadataIn({ limit: 50, metadata: 'a=b=c' }), { limit: 50, metadata: { a: 'b=c' } });
  assert.deepEqual(metadataIn({ limit: 50 }), { limit: 50 });
});

describe('the bars of a flow', () => {
  const step = (transfers: string, credits: string, debits: string) => ({
    at: '2026-01-31T12:00:00.000Z',
    ...{ transfers: { amount: transfers }, credits: { amount: credits }, debits: { amount: debits } },
  });

  test('share one scale above and below the line, stay within the plot, and show the least amount', () => {
    const { bars, line } = flowBars([step('30.0000', '20.0000', '0.0000'), step('0.0001', '0.0000', '50.0000')], 64);
    const [first, second] = bars;
    assert.ok(Math.abs(first!.moved + first!.came - second!.left) < 0.01);
    assert.deepEqual([second!.moved, second!.came, first!.left], [1.5, 0, 0]);
    for (const { moved, came, left } of bars) assert.ok(line - moved - came >= 0 && line + left <= 64);
  });

  test('are none where nothing has moved, and have the line at the bottom where nothing has left', () => {
    assert.deepEqual(flowBars([step('0.0000', '0.0000', '0.0000')], 64), {
      bars: [{ at: '2026-01-31T12:00:00.000Z', moved: 0, came: 0, left: 0 }],
      line: 64,
    });
    assert.equal(flowBars([step('1.0000', '0.0000', '0.0000')], 64).line, 64);
  });

  test('come to sums that are exact', () => {
    const steps = [step('900719925474099.2501', '0.1000', '0.0000'), step('900719925474099.2501', '0.2000', '0.0000')];
    assert.deepEqual(flowTotals(steps), { moved: '1801439850948198.5002', came: '0.3000', left: '0.0000' });
  });
});
