// Input of a client, a server or a user is parsed in time that grows with its length only: one request cannot hold up the
// others. Measured by ratios, as the least of several, for every parameter, header and field that the API documents and for
// everything else that is parsed; input that is made to take long is tried on each.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { PREFER_CHARACTERS_MAX, waitPreference } from '../../api/http/prefer-wait.ts';
import { traceOf } from '../../api/http/request-context.ts';
import { retryAfterMs } from '../../client/retry.ts';
import { createClient } from '../../client/client.ts';
import { readBatchRows } from '../../commands/cli/batch-csv.ts';
import { httpUrl, pair, seconds } from '../../commands/cli/values.ts';
import { hasDay } from '../../domain/transfer/calendar.ts';
import { parseRanges } from '../../domain/index-set.ts';
import { amountProblem } from '../../domain/money.ts';
import { parseAuthority } from '../../process/authority.ts';
import { withoutPasswords } from '../../process/telemetry.ts';
import { RECEIVER, SENDER, testApp, testInternalApp } from './api-fakes.ts';

/** What is read is made so many times as long. */
const TIMES = 16;
/** It may take so many times as long: five times what is in proportion. With the square it would be 256. */
const GROWTH_MAX = 5 * TIMES;
/** Of a shorter time nothing can be told. */
const TIME_MS_MIN = 0.1;
const ATTEMPTS = { min: 2, max: 30 };

type Work = () => unknown;

/** How much longer `make(TIMES * size)` takes than `make(size)`, both as the least of several; tried again while it looks bad. */
async function growth(size: number, make: (size: number) => Work): Promise<number> {
  const [small, large] = [make(size), make(TIMES * size)];
  let [smallMs, largeMs] = [Infinity, Infinity];
  const ratio = (): number => largeMs / Math.max(smallMs, TIME_MS_MIN);
  for (let attempt = 0; attempt < ATTEMPTS.max; attempt += 1) {
    smallMs = Math.min(smallMs, await timeOf(small));
    largeMs = Math.min(largeMs, await timeOf(large));
    if (attempt + 1 >= ATTEMPTS.min && ratio() < GROWTH_MAX) break;
  }
  return ratio();
}

async function timeOf(work: Work): Promise<number> {
  const startedAt = performance.now();
  try {
    await work();
  } catch {
    // What is refused has been read too.
  }
  return performance.now() - startedAt;
}

async function assertGrowsAsItDoes(title: string, size: number, make: (size: number) => Work): Promise<void> {
  const times = await growth(size, make);
  assert.ok(times < GROWTH_MAX, `${title}: ${TIMES} times as much took ${times.toFixed(1)} times as long`);
}

/** What expressions and parsers stumble over, to be repeated. */
const UNITS = [
  'a',
  '0',
  ' ',
  '-',
  '.',
  ':',
  '/',
  '&',
  '=',
  '[',
  ']',
  '\\',
  '"',
  '\\"',
  '%',
  '00:0',
  'a,',
  'a;b=c;',
  ';',
];

const [{ app }, { app: internal }] = [testApp({ log: pino({ level: 'silent' }) }), testInternalApp()];
const KEYS = { 'content-type': 'application/json', 'idempotency-key': 'k', 'x-actor': 'alice' };

/** A request that is made beforehand, so that only its reading is measured. */
function asking(path: string, init: RequestInit = {}): Work {
  return async () => (await (path.startsWith('/internal/') ? internal : app).request(path, init)).arrayBuffer();
}

function sending(method: string, path: string, body: string): Work {
  return asking(path, { method, headers: KEYS, body });
}

test('the measure finds an expression that takes time with the square, and none in a single pass', async () => {
  const squared = (prefer: string): unknown => prefer.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g);
  const quote = (size: number): string => `"${'\\"'.repeat(size)}`;
  const repeated = (read: (text: string) => unknown) => (size: number) => {
    const text = quote(size);
    return () => {
      for (let n = 0; n < 50; n += 1) read(text);
    };
  };
  assert.ok((await growth(60, repeated(squared))) > GROWTH_MAX);
  assert.ok(
    (await growth(
      100,
      repeated((text) => text.lastIndexOf('x')),
    )) < GROWTH_MAX,
  );
});

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query' | 'header' }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: { $ref?: string } } } };
}

const document = (await (await app.request('/openapi.json')).json()) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: object }> };
};
const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
  Object.entries(byMethod).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
const withIds = (path: string): string => path.replaceAll(/\{\w+\}/g, SENDER);

/** Each once, however many operations have it: name and place, and a request that has it with this text. */
const places = new Map<string, (text: string) => Work>();
for (const { path, method, operation } of operations) {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };
  for (const { name, in: place } of operation.parameters ?? []) {
    places.set(`${place} ${name}`, (text) => {
      if (place === 'header')
        return asking(withIds(path), { method, headers: { ...KEYS, [name]: text.trim() }, ...body });
      const written = encodeURIComponent(text);
      if (place === 'path')
        return asking(withIds(path.replace(`{${name}}`, written)), { method, headers: KEYS, ...body });
      return asking(`${withIds(path)}?${name === 'metadata' ? 'metadata[k]' : name}=${written}`, {
        method,
        headers: KEYS,
      });
    });
  }
}
const transfer = JSON.stringify({ sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '1.00' });
// Read once the body has been found to be right.
places.set('header Prefer of a transfer', (text) =>
  asking('/v1/transfers', { method: 'POST', headers: { ...KEYS, prefer: `"${text.trim()}` }, body: transfer }),
);
for (const name of ['content-type', 'traceparent', 'x-request-id', 'accept', 'host', 'origin', 'x-forwarded-proto'])
  places.set(`header ${name}`, (text) =>
    asking('/v1/transfers', { method: 'POST', headers: { ...KEYS, [name]: text.trim() }, body: '{}' }),
  );

describe('a parameter or header of any length that a request can have', () => {
  /** All headers and the target together have 16 KiB. */
  const SIZE = 950;
  for (const [place, make] of places) {
    test(place, async () => {
      for (const unit of UNITS)
        await assertGrowsAsItDoes(`${place} of ${JSON.stringify(unit)}`, SIZE, (size) =>
          make(unit.repeat(size / unit.length)),
        );
    });
  }

  test('there are all that the document has', () => {
    assert.ok(places.size > 25, [...places.keys()].join());
    for (const expected of ['header Prefer', 'header Idempotency-Key', 'query cursor', 'path wallet_id'])
      assert.ok(places.has(expected), expected);
  });
});

describe('a target that is strange', () => {
  const many = (size: number, each: (n: number) => string): string =>
    Array.from({ length: size }, (_, n) => each(n)).join('&');
  const table: [title: string, size: number, path: (size: number) => string][] = [
    ['separators without parameters', 950, (size) => `/v1/transfers?${'&'.repeat(size)}`],
    ['parameters without values', 950, (size) => `/v1/transfers?${many(size / 5, (n) => `a${n}`)}`],
    ['parameters that are escaped', 950, (size) => `/v1/transfers?${many(size / 8, (n) => `%41${n}=`)}`],
    ['one parameter again and again', 950, (size) => `/v1/transfers?${'limit=1&'.repeat(size / 8)}`],
    ['many pairs of metadata', 950, (size) => `/v1/transfers?${many(size / 16, (n) => `metadata[${n}]=1`)}`],
    ['brackets of metadata', 950, (size) => `/v1/transfers?metadata[${']'.repeat(size)}=1`],
    ['escapes that are none', 950, (size) => `/v1/transfers/${'%'.repeat(size)}`],
    ['escapes of no UTF-8', 950, (size) => `/v1/transfers/${'%ff'.repeat(size / 3)}`],
    ['escaped escapes', 950, (size) => `/v1/transfers/${'%25%'.repeat(size / 4)}`],
    ['many segments', 950, (size) => `/v1/transfers${'/a'.repeat(size / 2)}`],
    ['many slashes', 950, (size) => `/${'/'.repeat(size)}`],
    [
      'the places of a batch that a worker asks for',
      950,
      (size) =>
        `/internal/transfer-batches/${SENDER}/legs?side=sender&first_bucket=0&last_bucket=255&places=${many(size / 5, (n) => String(1_000 + n)).replaceAll('&', ',')}`,
    ],
  ];
  for (const [title, size, path] of table)
    test(title, () => assertGrowsAsItDoes(title, size, (length) => asking(path(length))));
});

/** What a body's field may hold, as JSON text. */
const VALUES: [title: string, json: (size: number) => string][] = [
  ...UNITS.map((unit): [string, (size: number) => string] => [
    JSON.stringify(unit),
    (size) => JSON.stringify(unit.repeat(size / unit.length)),
  ]),
  ['emoji', (size) => JSON.stringify('😀'.repeat(size / 4))],
  ['digits', (size) => `1${'1'.repeat(size)}`],
  ['nulls', (size) => `[${'null,'.repeat(size / 5)}null]`],
  ['objects', (size) => `[${'{},'.repeat(size / 3)}{}]`],
  ['arrays in arrays', (size) => '['.repeat(size / 2) + ']'.repeat(size / 2)],
  ['one key again and again', (size) => `{${'"a":0,'.repeat(size / 6)}"a":0}`],
  ['keys', (size) => JSON.stringify(Object.fromEntries(Array.from({ length: size / 10 }, (_, n) => [`key${n}`, ''])))],
];

describe('a field of a body', () => {
  const SIZE = 10_000;
  const fields = new Map<string, (json: string) => Work>();
  for (const { path, method, operation } of operations) {
    const schema = operation.requestBody?.content['application/json'].schema;
    const named = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? schema;
    for (const name of Object.keys((named as { properties?: object } | undefined)?.properties ?? {}))
      fields.set(name, (json) => sending(method, withIds(path), `{${JSON.stringify(name)}:${json}}`));
  }
  for (const name of ['sender_wallet_id', 'amount', 'reference'])
    fields.set(`${name} of an item`, (json) =>
      sending('POST', '/v1/transfer-batches', `{"items":[{"${name}":${json}}]}`),
    );
  for (const name of ['minute', 'year', 'day_of_week'])
    fields.set(`${name} of a calendar`, (json) =>
      sending('POST', '/v1/recurring-transfers', `{"calendar":{"${name}":${json}}}`),
    );
  fields.set('no field at all', (json) => sending('POST', '/v1/transfers', json));
  fields.set('what a reconciliation asks for', (json) =>
    sending('POST', '/internal/ledger', `{"operation":"movements","ids":${json}}`),
  );

  for (const [name, make] of fields) {
    test(name, async () => {
      for (const [title, json] of VALUES)
        await assertGrowsAsItDoes(`${name}: ${title}`, SIZE, (size) => make(json(size)));
    });
  }

  test('there are all that the document has', () => {
    for (const expected of ['amount', 'metadata', 'items', 'calendar', 'scheduled_at', 'comment'])
      assert.ok(fields.has(expected), expected);
  });
});

describe('what is no request', () => {
  const HEADER = 'sender_wallet_id,receiver_wallet_id,amount,currency,reference\n';
  const text = (size: number, ...units: string[]): string => units.join('').repeat(size / units.join('').length);
  const csv = (of: (size: number) => string) => (size: number) => {
    const file = HEADER + of(size);
    return () => readBatchRows(file, 'a file');
  };
  const reading = (of: (size: number) => string, read: (read: string) => unknown) => (size: number) => {
    const input = of(size);
    return () => read(input);
  };
  const often = (read: (read: string) => unknown) => (input: string) => {
    for (let n = 0; n < 100; n += 1) read(input);
  };
  const ranges = Array.from({ length: 60 }, () => ({ start: 2_000, end: 2_100 }));

  const table: [title: string, size: number, make: (size: number) => Work][] = [
    ['a CSV of rows', 30_000, csv((size) => text(size, 'a,b,1,USD,r\n'))],
    ['a CSV of one cell', 30_000, csv((size) => `a,b,1,USD,${text(size, 'x ')}\n`)],
    ['a CSV of spaces', 30_000, csv((size) => `a,b,1,USD,x${text(size, ' ')}x\n`)],
    ['a CSV of quotes', 30_000, csv((size) => `a,b,1,USD,"${text(size, '""')}`)],
    ['a CSV of empty lines', 30_000, csv((size) => text(size, '\r\n'))],
    ['a CSV of carriage returns', 30_000, csv((size) => text(size, 'a,b,1,USD,r\r'))],
    [
      'a CSV of columns',
      30_000,
      reading(
        (size) => Array.from({ length: size / 6 }, (_, n) => `c${n}`).join(),
        (file) => readBatchRows(file, 'a file'),
      ),
    ],
    ['seconds on the command line', 30_000, reading((size) => text(size, '0'), seconds(0, 1))],
    ['a URL on the command line', 30_000, reading((size) => `http://host${text(size, '/')}`, httpUrl)],
    [
      'a pair on the command line',
      30_000,
      reading(
        (size) => text(size, 'a='),
        (given) => pair(given),
      ),
    ],
    [
      'the address of an API',
      2_000,
      reading(
        (size) => `http://host${text(size, '/')}x`,
        (baseUrl) =>
          createClient({ baseUrl, attemptsMax: 1, fetch: async () => new Response('{}') }).wallets.get(SENDER),
      ),
    ],
    [
      'Retry-After of digits',
      2_000,
      reading(
        (size) => `${text(size, '1')}x`,
        (header) => retryAfterMs(header, 0),
      ),
    ],
    [
      'Retry-After of spaces',
      2_000,
      reading(
        (size) => `x${text(size, ' ')}x`,
        (header) => retryAfterMs(header, 0),
      ),
    ],
    [
      'Retry-After of brackets',
      2_000,
      reading(
        (size) => text(size, '('),
        (header) => retryAfterMs(header, 0),
      ),
    ],
    [
      'an answer of the API',
      30_000,
      reading(
        (size) => text(size, '['),
        (answer) =>
          createClient({ baseUrl: 'http://h', attemptsMax: 1, fetch: async () => new Response(answer) }).wallets.get(
            SENDER,
          ),
      ),
    ],
    [
      'a trace context',
      2_000,
      reading(
        (size) => `00-${text(size, '0')}-`,
        often((header) => traceOf(header, header)),
      ),
    ],
    ['an amount', 1_000, reading((size) => `0.${text(size, '0')}`, often(amountProblem))],
    ['a host', 1_000, reading((size) => `${text(size, '0.')}:`, often(parseAuthority))],
    ['a host of IPv6', 1_000, reading((size) => `[${text(size, '0:')}`, often(parseAuthority))],
    [
      'places of a batch',
      30_000,
      reading((size) => Array.from({ length: size / 6 }, (_, n) => 10_000 + n).join(), parseRanges),
    ],
    ...['a://', 'a://a', 'a://:', 'a:', 'a://:@', 'a://a:a'].map((unit): [string, number, (size: number) => Work] => [
      `a line of the log of ${unit}`,
      30_000,
      reading((size) => `://${text(size, unit)}`, withoutPasswords),
    ]),
    ...['"', '\\"', '"\\', ',', ';', ' ', 'wait', '=', 'wait=', 'a="b,c";d, '].map(
      (unit): [string, number, (size: number) => Work] => [
        `a Prefer of ${unit}`,
        PREFER_CHARACTERS_MAX / TIMES - 1,
        reading((size) => `"${text(size, unit)}`, often(waitPreference)),
      ],
    ),
    [
      'a calendar of days that never are',
      60 / TIMES,
      (size) => () =>
        hasDay({
          missing_day: 'skip',
          month: Array.from({ length: size }, () => 2),
          day_of_month: Array.from({ length: size }, () => ({ start: 30, end: 31 })),
          year: ranges.slice(0, size),
        }),
    ],
  ];
  for (const [title, size, make] of table) test(title, () => assertGrowsAsItDoes(title, Math.floor(size), make));
});

describe('what is refused costs no more than what is taken', () => {
  const item = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '1.00' };
  const batch = (items: unknown[]): Work => sending('POST', '/v1/transfer-batches', JSON.stringify({ items }));
  const least = async (work: Work): Promise<number> => {
    let ms = Infinity;
    for (let n = 0; n < 5; n += 1) ms = Math.min(ms, await timeOf(work));
    return ms;
  };

  test('ten thousand items that are nothing, of which twenty faults are told', async () => {
    const right = await least(batch(Array.from({ length: 10_000 }, () => item)));
    const wrong = await least(batch(Array.from({ length: 10_000 }, () => ({}))));
    assert.ok(wrong < right / 5, `${wrong} ms, and ${right} ms`);
  });

  test('sixteen megabytes of values, of which a batch has sixty thousand', async () => {
    const size = 15_000_000;
    const post = (body: string): Work => sending('POST', '/v1/transfer-batches', body);
    const one = await least(post(JSON.stringify('a'.repeat(size))));
    for (const unit of ['0,', '{},', '[', '"a":0,', '[{"a":'])
      assert.ok((await least(post(`[${unit.repeat(size / unit.length)}`))) < one * 2, unit);
  });
});
