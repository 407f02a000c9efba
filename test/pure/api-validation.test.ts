// Every kind of bad input has its own code, names its place, and reaches no database: the databases of these apps throw at any
// use, which would be answered with 500.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RECEIVER, SENDER, testApp, type Problem } from './api-fakes.ts';

const { app } = testApp();
const transfer = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '25.00' };
const transaction = { wallet_id: SENDER, type: 'CREDIT', amount: '25.00' };

async function refused(path: string, init: RequestInit = {}): Promise<Problem> {
  const response = await app.request(path, init);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  const problem = (await response.json()) as Problem;
  assert.equal(problem.status, response.status);
  return problem;
}

async function post(path: string, body: unknown, headers: Record<string, string | undefined> = {}): Promise<Problem> {
  const all = { 'content-type': 'application/json', 'idempotency-key': 'a-key', ...headers };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  return refused(path, {
    method: 'POST',
    headers: given,
    body: isRaw ? (body as string) : JSON.stringify(body),
    duplex: 'half',
  });
}

describe('a field that does not validate is refused with 422, its own code and its place', () => {
  const table: [title: string, change: Record<string, unknown>, code: string, pointer: string][] = [
    ['amount of zero', { amount: '0' }, 'amount_not_positive', '/amount'],
    ['amount of zero with decimals', { amount: '0.0000' }, 'amount_not_positive', '/amount'],
    ['negative amount', { amount: '-5.00' }, 'amount_not_positive', '/amount'],
    ['five decimals', { amount: '1.00001' }, 'amount_too_precise', '/amount'],
    ['twenty digits', { amount: '12345678901234567890' }, 'amount_too_large', '/amount'],
    ['sixteen digits before the point', { amount: '1000000000000000.0000' }, 'amount_too_large', '/amount'],
    ['a megabyte of digits', { amount: '9'.repeat(900_000) }, 'amount_too_large', '/amount'],
    ['exponent', { amount: '1e3' }, 'amount_invalid', '/amount'],
    ['NaN', { amount: 'NaN' }, 'amount_invalid', '/amount'],
    ['Infinity', { amount: 'Infinity' }, 'amount_invalid', '/amount'],
    ['hexadecimal', { amount: '0x10' }, 'amount_invalid', '/amount'],
    ['comma', { amount: '1,50' }, 'amount_invalid', '/amount'],
    ['plus sign', { amount: '+1' }, 'amount_invalid', '/amount'],
    ['space', { amount: ' 1' }, 'amount_invalid', '/amount'],
    ['no amount in the string', { amount: '' }, 'amount_invalid', '/amount'],
    ['other digits', { amount: '٣' }, 'amount_invalid', '/amount'],
    ['number instead of a string', { amount: 25 }, 'amount_invalid', '/amount'],
    ['null amount', { amount: null }, 'amount_invalid', '/amount'],
    ['missing amount', { amount: undefined }, 'field_missing', '/amount'],
    ['missing sender', { sender_wallet_id: undefined }, 'field_missing', '/sender_wallet_id'],
    ['malformed UUID', { sender_wallet_id: 'not-a-uuid' }, 'wallet_id_invalid', '/sender_wallet_id'],
    ['UUID in braces', { receiver_wallet_id: `{${RECEIVER}}` }, 'wallet_id_invalid', '/receiver_wallet_id'],
    ['number as an id', { receiver_wallet_id: 5 }, 'wallet_id_invalid', '/receiver_wallet_id'],
    ['same wallet twice', { receiver_wallet_id: SENDER }, 'same_wallet', '/receiver_wallet_id'],
    [
      'same wallet in another case',
      {
        sender_wallet_id: RECEIVER.replaceAll('2', 'a').toUpperCase(),
        receiver_wallet_id: RECEIVER.replaceAll('2', 'a'),
      },
      'same_wallet',
      '/receiver_wallet_id',
    ],
    ['currency that is none', { currency: 'XXX' }, 'currency_invalid', '/currency'],
    ['currency in lower case', { currency: 'usd' }, 'currency_invalid', '/currency'],
    ['null currency', { currency: null }, 'currency_invalid', '/currency'],
    ['unknown field', { amout: '1' }, 'unknown_field', '/amout'],
    ['unknown field with a slash and a tilde', { 'a/b~c': '1' }, 'unknown_field', '/a~1b~0c'],
    ['constructor', { constructor: 'x' }, 'unknown_field', '/constructor'],
    ['reference of 256 characters', { reference: 'x'.repeat(256) }, 'too_long', '/reference'],
    ['reference that is no string', { reference: 5 }, 'text_invalid', '/reference'],
    ['NUL', { reference: 'a\0b' }, 'text_invalid', '/reference'],
    ['lone surrogate', { reference: 'a\ud800b' }, 'text_invalid', '/reference'],
    ['NUL in a key', { metadata: { 'a\0': 'x' } }, 'text_invalid', '/metadata'],
    ['NUL within metadata', { metadata: { a: '\0' } }, 'text_invalid', '/metadata/a'],
    ['metadata that is a list', { metadata: ['x'] }, 'metadata_invalid', '/metadata'],
    ['metadata with a number', { metadata: { a: 1 } }, 'metadata_invalid', '/metadata/a'],
    ['nested metadata', { metadata: { a: {} } }, 'metadata_invalid', '/metadata/a'],
    [
      'metadata of 51 keys',
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) },
      'metadata_invalid',
      '/metadata',
    ],
    [
      'metadata key of 41 characters',
      { metadata: { ['k'.repeat(41)]: 'v' } },
      'metadata_invalid',
      `/metadata/${'k'.repeat(40)}`,
    ],
    ['metadata value of 501 characters', { metadata: { a: 'v'.repeat(501) } }, 'metadata_invalid', '/metadata/a'],
  ];
  for (const [title, change, code, pointer] of table) {
    test(title, async () => {
      const problem = await post('/v1/transfers', { ...transfer, ...change });
      assert.deepEqual(
        [problem.status, problem.code, problem.errors?.[0]?.code, problem.errors?.[0]?.pointer],
        [422, code, code, pointer],
      );
    });
  }

  test('every fault is named, and the first gives the problem its code', async () => {
    const problem = await post('/v1/transactions', { type: 'GIFT', amount: '1e3', extra: true });
    assert.deepEqual(
      problem.errors?.map(({ pointer, code }) => [pointer, code]),
      [
        ['/wallet_id', 'field_missing'],
        ['/type', 'type_invalid'],
        ['/amount', 'amount_invalid'],
        ['/extra', 'unknown_field'],
      ],
    );
    assert.equal(problem.code, 'field_missing');
    assert.equal(problem.detail, 'wallet_id: The field is required.');
  });

  test('a name that is too long to be read is in the list of faults alone', async () => {
    const { code, detail } = await post('/v1/transfers', { ...transfer, ['k'.repeat(101)]: 1 });
    assert.deepEqual([code, detail], ['unknown_field', 'There is no such field.']);
  });

  test('a key __proto__ is refused at any depth', async () => {
    assert.equal(
      (await post('/v1/transfers', `{"__proto__": {"amount": "1"}, "amount": "1"}`)).errors?.[0]?.pointer,
      '/__proto__',
    );
    const problem = await post(
      '/v1/transfers',
      JSON.stringify({ ...transfer, metadata: {} }).replace('{}', '{"__proto__": "x"}'),
    );
    assert.deepEqual([problem.code, problem.errors?.[0]?.pointer], ['name_reserved', '/metadata/__proto__']);
    assert.match(problem.detail ?? '', /No member may be named __proto__/);
  });

  test('a body that is no object is refused as such', async () => {
    for (const body of ['null', '[]', '"x"', '5', 'true'])
      assert.equal((await post('/v1/transfers', body)).code, 'body_invalid', body);
  });

  test('half a million levels of nesting are refused like any other body', async () => {
    assert.equal((await post('/v1/transfers', '['.repeat(500_000) + ']'.repeat(500_000))).code, 'body_invalid');
    assert.equal(
      (await post('/v1/transfers', `${'{"a":'.repeat(90_000)}"\\u0000"${'}'.repeat(90_000)}`)).code,
      'text_invalid',
    );
  });

  test('a wallet needs a user', async () => {
    assert.equal((await post('/v1/wallets', {})).code, 'field_missing');
    assert.equal((await post('/v1/wallets', { user_id: '' })).code, 'too_short');
    assert.equal((await post('/v1/wallets', { user_id: 'u'.repeat(256) })).code, 'too_long');
    assert.equal((await post('/v1/wallets', { user_id: 42 })).code, 'text_invalid');
  });
});

describe('what is not JSON is refused before its fields are looked at', () => {
  const table: [
    title: string,
    body: unknown,
    headers: Record<string, string | undefined>,
    status: number,
    code: string,
  ][] = [
    ['malformed JSON', '{"amount": ', {}, 400, 'invalid_json'],
    ['an amount twice', '{"amount": "1.00", "amount": "100.00"}', {}, 400, 'name_repeated'],
    ['an amount twice, once escaped', '{"amount": "1.00", "\\u0061mount": "100.00"}', {}, 400, 'name_repeated'],
    ['a name twice, deep within', '{"a": [{"b": {"c": 1, ":": ":", "c": 1}}]}', {}, 400, 'name_repeated'],
    [
      'one name in two objects',
      '{"metadata": {"amount": "1"}, "a": [{"amount": 1}, {"amount": 1}]}',
      {},
      422,
      'field_missing',
    ],
    ['a compressed body', transfer, { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    ['NaN as a number', '{"amount": NaN}', {}, 400, 'invalid_json'],
    ['no body', '', {}, 400, 'invalid_json'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}, 400, 'invalid_utf8'],
    ['a surrogate in UTF-8', new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), {}, 400, 'invalid_utf8'],
    ['another content type', transfer, { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['a form', 'amount=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
    [
      'another charset',
      transfer,
      { 'content-type': 'application/json; charset=utf-16' },
      415,
      'unsupported_media_type',
    ],
    ['ten megabytes', 'x'.repeat(10_000_000), { 'content-length': '10000000' }, 413, 'body_too_large'],
  ];
  for (const [title, body, headers, status, code] of table) {
    test(title, async () => {
      const problem = await post('/v1/transfers', body, headers);
      assert.deepEqual([problem.status, problem.code], [status, code]);
    });
  }

  test('a stream of more than 1 MiB is refused without being read to its end', async () => {
    let given = 0;
    const endless = new ReadableStream({
      pull(controller) {
        given += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    assert.equal((await post('/v1/transfers', endless, { 'transfer-encoding': 'chunked' })).code, 'body_too_large');
    assert.ok(given < 2 * 1024 * 1024, `${given} bytes were read`);
  });

  test('a charset of UTF-8 is accepted in any spelling', async () => {
    for (const type of ['application/json;charset=UTF-8', 'Application/JSON; charset="utf-8"']) {
      assert.equal((await post('/v1/transfers', {}, { 'content-type': type })).code, 'field_missing', type);
    }
  });
});

describe('an Idempotency-Key is 1 to 255 printable ASCII characters', () => {
  const table: [title: string, key: string | undefined, code: string][] = [
    ['missing', undefined, 'idempotency_key_missing'],
    ['empty', '', 'idempotency_key_invalid'],
    ['300 characters', 'k'.repeat(300), 'idempotency_key_invalid'],
    ['not ASCII', 'clé', 'idempotency_key_invalid'],
    ['with a tab within', 'a\tb', 'idempotency_key_invalid'],
  ];
  for (const [title, key, code] of table) {
    for (const [path, body] of [
      ['/v1/transfers', transfer],
      ['/v1/transactions', transaction],
    ] as const) {
      test(`${title}, ${path}`, async () => {
        const problem = await post(path, body, { 'idempotency-key': key });
        assert.deepEqual([problem.status, problem.code], [400, code]);
      });
    }
  }
});

describe('ids in a path and parameters of a query are judged like fields', () => {
  const table: [path: string, code: string, parameter: string][] = [
    ['/v1/wallets/nope', 'wallet_id_invalid', 'wallet_id'],
    ['/v1/wallets/nope/entries', 'wallet_id_invalid', 'wallet_id'],
    ['/v1/wallets/%00', 'wallet_id_invalid', 'wallet_id'],
    ['/v1/wallets/%zz', 'wallet_id_invalid', 'wallet_id'],
    ['/v1/transfers/5', 'transfer_id_invalid', 'transfer_id'],
    ['/v1/transfers/5/steps', 'transfer_id_invalid', 'transfer_id'],
    ['/v1/transactions/5', 'transaction_id_invalid', 'transaction_id'],
    ['/v1/transfers?limit=0', 'limit_invalid', 'limit'],
    ['/v1/transfers?limit=201', 'limit_invalid', 'limit'],
    ['/v1/transfers?limit=-1', 'limit_invalid', 'limit'],
    ['/v1/transfers?limit=1.5', 'limit_invalid', 'limit'],
    ['/v1/transfers?limit=', 'limit_invalid', 'limit'],
    ['/v1/transfers?limit=5&limit=6', 'limit_invalid', 'limit'],
    ['/v1/transfers?status=DONE', 'status_invalid', 'status'],
    ['/v1/transfers?wallet_id=x', 'wallet_id_invalid', 'wallet_id'],
    ['/v1/transfers?created_after=yesterday', 'instant_invalid', 'created_after'],
    ['/v1/transfers?created_before=2026-02-30T00:00:00Z', 'instant_invalid', 'created_before'],
    ['/v1/transfers?created_before=2026-01-01T00:00:00', 'instant_invalid', 'created_before'],
    ['/v1/transfers?created_before=0000-01-01T00:00:00Z', 'instant_invalid', 'created_before'],
    ['/v1/transfers?created_before=9999-12-31T23:59:59-23:59', 'instant_invalid', 'created_before'],
    [`/v1/wallets/${SENDER}/balance?at=now`, 'instant_invalid', 'at'],
    ['/v1/transfers?statuss=FAILED', 'unknown_parameter', 'statuss'],
    ['/v1/transactions?type=GIFT', 'type_invalid', 'type'],
    ['/v1/transactions?status=COMPLETED', 'status_invalid', 'status'],
    ['/v1/wallets?user_id=', 'too_short', 'user_id'],
    ['/v1/wallets?user_id=%00', 'text_invalid', 'user_id'],
    ['/v1/transfers?cursor=abc', 'cursor_invalid', 'cursor'],
    ['/v1/transfers?cursor=', 'cursor_invalid', 'cursor'],
    [`/v1/transfers?cursor=${'a'.repeat(600)}`, 'cursor_invalid', 'cursor'],
    [`/v1/transfers?cursor=${encode(['2026-01-01T00:00:00.000Z', 'x'])}`, 'cursor_invalid', 'cursor'],
    [`/v1/transfers?cursor=${encode(['0000-01-01T00:00:00.000Z', SENDER])}`, 'cursor_invalid', 'cursor'],
    [
      `/v1/wallets/${SENDER}/entries?cursor=${encode(['2026-01-01T00:00:00.000Z', SENDER])}`,
      'cursor_invalid',
      'cursor',
    ],
    [`/v1/wallets/${SENDER}/entries?cursor=${encode(-1)}`, 'cursor_invalid', 'cursor'],
  ];
  for (const [path, code, parameter] of table) {
    test(`GET ${path.slice(0, 80)}`, async () => {
      const problem = await refused(path);
      assert.deepEqual([problem.status, problem.code, problem.errors?.[0]?.parameter], [422, code, parameter]);
    });
  }
});

test('a filter that is wrong is told the values that are allowed', async () => {
  for (const [path, detail] of [
    [
      '/v1/transfers?status=DONE',
      'Must be one of AWAITING_APPROVAL, SCHEDULED, PENDING, DEBITED, COMPLETED, FAILED, CANCELED.',
    ],
    ['/v1/transactions?status=DONE', 'Must be one of AWAITING_APPROVAL, PENDING, PROCESSED, FAILED.'],
    ['/v1/cases?status=CLOSED', 'Must be one of OPEN, RESOLVED.'],
    ['/v1/recurring-transfers?status=ON', 'Must be one of ACTIVE, PAUSED, DELETED.'],
    ['/v1/transactions?type=GIFT', 'Must be CREDIT or DEBIT.'],
    ['/v1/transfers?amount_min=-1', 'Must be zero or more.'],
    ['/v1/transfers?limit=0', 'Must be a whole number from 1 to 200.'],
  ] as const) {
    const problem = await refused(path);
    const { detail: said, parameter } = problem.errors![0]!;
    assert.deepEqual([problem.detail, said], [`${parameter}: ${detail}`, detail], path);
  }
});

test('a parameter that is missing is called a parameter', async () => {
  assert.equal((await refused('/v1/find')).detail, 'q: The parameter is required.');
});

test('a cursor that another list has given is refused with 400, and one of this list is taken', async () => {
  const at = ['2026-01-01T00:00:00.000Z', SENDER];
  for (const [path, list] of [
    ['/v1/transfers', '/v1/transactions'],
    ['/v1/transfers', '/v1/wallets'],
    ['/v1/transactions', '/v1/transfers'],
    ['/v1/cases', '/v1/reconciliation-runs'],
    ['/v1/reconciliation-runs', '/v1/cases'],
    ['/v1/transfer-batches', '/v1/recurring-transfers'],
    ['/v1/recurring-transfers', '/v1/transfers'],
    [`/v1/recurring-transfers/${SENDER}/runs`, `/v1/recurring-transfers/${RECEIVER}/runs`],
    ['/v1/wallets', '/v1/transfers'],
  ] as const) {
    const refusal = await refused(`${path}?cursor=${encode({ list, at })}`);
    assert.deepEqual([refusal.status, refusal.code], [400, 'cursor_of_another_list'], path);
    // As far as the database, which is not there; so does one that bears no name, as they did not once.
    for (const own of [{ list: path, at }, at])
      assert.equal((await refused(`${path}?cursor=${encode(own)}`)).code, 'internal_error', path);
  }
  const entries = `/v1/wallets/${SENDER}/entries`;
  const other = await refused(`${entries}?cursor=${encode({ list: `/v1/wallets/${RECEIVER}/entries`, at: 7 })}`);
  assert.deepEqual([other.status, other.code], [400, 'cursor_of_another_list']);
});

test('a comment is one line of text', async () => {
  const comment = 'done\n2026-01-01 alice: closed';
  for (const [path, body] of [
    [`/v1/transfers/${SENDER}/resolve`, { action: 'retry', comment }],
    [`/v1/cases/${SENDER}/resolve`, { action: 'close', comment }],
  ] as const) {
    const problem = await post(path, body, { 'x-actor': 'alice' });
    assert.deepEqual(
      [problem.status, problem.code, problem.errors?.[0]?.pointer],
      [422, 'character_forbidden', '/comment'],
    );
  }
  // Nothing else gets into X-Actor anyway.
  const named = await post(`/v1/cases/${SENDER}/resolve`, { action: 'close', comment: 'x' }, { 'x-actor': 'a\tb' });
  assert.equal(named.code, 'actor_invalid');
});

test('what is valid reaches the database', async () => {
  for (const path of [
    '/v1/transfers?created_after=2026-01-01T00:00:00+01:00&limit=200',
    '/v1/transfers?created_after=2026-01-01t00:00:00.123456z',
  ]) {
    assert.equal((await refused(path)).code, 'internal_error', path);
  }
  const largest = {
    ...transfer,
    amount: '999999999999999.9999',
    currency: 'EUR',
    reference: '💶'.repeat(255),
    metadata: { a: 'b' },
  };
  assert.equal((await post('/v1/transfers', largest)).code, 'internal_error');
});

function encode(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}
