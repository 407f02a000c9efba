// The parameters of lists and the limits of wallets: every kind of bad input has its own code and reaches no database, filters
// reach it as they were meant, and the documentation says how they are written.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { SQL } from 'drizzle-orm';
import { SENDER, testApp, forbiddenDatabase, type Problem } from './api-fakes.ts';

const LISTS = ['/v1/transfers', '/v1/transactions'];

describe('a filter that does not validate is refused with 422, its own code and its parameter', () => {
  const { app } = testApp();
  const table: [query: string, code: string, parameter: string][] = [
    ['amount_min=-1', 'amount_not_positive', 'amount_min'],
    ['amount_max=1.00001', 'amount_too_precise', 'amount_max'],
    ['amount_max=1e3', 'amount_invalid', 'amount_max'],
    ['amount_min=', 'amount_invalid', 'amount_min'],
    ['amount_min=1000000000000000', 'amount_too_large', 'amount_min'],
    ['amount_min=1&amount_min=2', 'amount_invalid', 'amount_min'],
    [`reference=${'x'.repeat(256)}`, 'too_long', 'reference'],
    ['reference=a%00b', 'text_invalid', 'reference'],
    ['metadata[a]=1&metadata[b]=2', 'metadata_pair_invalid', 'metadata'],
    ['metadata[a]=1&metadata[a]=2', 'metadata_pair_invalid', 'metadata'],
    ['metadata=1', 'metadata_pair_invalid', 'metadata'],
    ['metadata[a]=1&metadata=1', 'metadata_pair_invalid', 'metadata'],
    ['metadata[]=1', 'metadata_pair_invalid', 'metadata'],
    [`metadata[${'k'.repeat(41)}]=1`, 'metadata_pair_invalid', 'metadata'],
    [`metadata[a]=${'v'.repeat(501)}`, 'metadata_pair_invalid', 'metadata'],
    ['metadata[a]=%00', 'text_invalid', 'metadata'],
    ['metadata[a%00]=1', 'text_invalid', 'metadata'],
    ['metadata[a=1', 'unknown_parameter', 'metadata[a'],
    ['metadatum[a]=1', 'unknown_parameter', 'metadatum[a]'],
    ['amount=1', 'unknown_parameter', 'amount'],
  ];
  for (const path of LISTS)
    for (const [query, code, parameter] of table) {
      test(`${path}?${query.slice(0, 60)}`, async () => {
        const problem = (await (await app.request(`${path}?${query}`)).json()) as Problem;
        assert.deepEqual([problem.status, problem.code, problem.errors?.[0]?.parameter], [422, code, parameter]);
      });
    }

  test('ids of what only transfers have are judged like ids', async () => {
    for (const [query, code] of [
      ['reverses_transfer_id=1', 'transfer_id_invalid'],
      ['recurring_transfer_id=1', 'recurring_transfer_id_invalid'],
    ]) {
      const problem = (await (await app.request(`/v1/transfers?${query}`)).json()) as Problem;
      assert.equal(problem.code, code);
      const other = (await (await app.request(`/v1/transactions?${query}`)).json()) as Problem;
      assert.equal(other.code, 'unknown_parameter');
    }
  });
});

describe('a filter reaches the database as it was meant', () => {
  /** What is asked of the database, as parameters, by a list that finds nothing. */
  const asked = async (path: string): Promise<unknown[]> => {
    const parameters: unknown[] = [];
    const database = new Proxy(forbiddenDatabase, {
      get: (target, name) =>
        name === 'execute'
          ? async (statement: SQL) => {
              parameters.push(...new PgDialect().sqlToQuery(statement).params);
              return { rows: [] };
            }
          : (Reflect.get(target, name) as unknown),
    });
    const response = await testApp({ database }).app.request(path);
    assert.deepEqual([response.status, await response.json()], [200, { data: [], next_cursor: null }]);
    return parameters;
  };
  const table: [query: string, ...expected: unknown[]][] = [
    ['metadata[order_id]=42', 'order_id', '42'],
    ['metadata%5Border_id%5D=42', 'order_id', '42'],
    ['metadata[a%20b]=%C3%BC%20%2B%26', 'a b', 'ü +&'],
    ['metadata[a[b]]=1', 'a[b]', '1'],
    ['metadata[constructor]=', 'constructor', ''],
    ['amount_min=0', '0.0000'],
    ['amount_min=10&amount_max=10.5', '10.0000', '10.5000'],
    ['reference=Invoice%202026-0042', 'Invoice 2026-0042'],
    [`wallet_id=${SENDER}&limit=7`, SENDER, 8],
  ];
  for (const path of LISTS)
    for (const [query, ...expected] of table) {
      test(`${path}?${query}`, async () => {
        const parameters = await asked(`${path}?${query}`);
        for (const each of expected)
          assert.ok(parameters.includes(each), `${JSON.stringify(each)} is in ${JSON.stringify(parameters)}`);
      });
    }
});

test('a page that was given up on is short and has a cursor, which goes on from there', async () => {
  const created_at = '2026-01-31 12:00:00.123+00';
  const last: unknown[][] = [];
  const database = new Proxy(forbiddenDatabase, {
    get: (target, name) =>
      name === 'execute'
        ? async (statement: SQL) => {
            const { params } = new PgDialect().sqlToQuery(statement);
            last.push(params);
            // The last row that may be tested, and it does not pass.
            return {
              rows: [
                {
                  is_match: false,
                  place: String(Math.max(...params.filter(Number.isInteger).map(Number))),
                  created_at,
                  transfer_id: SENDER,
                },
              ],
            };
          }
        : (Reflect.get(target, name) as unknown),
  });
  const { app } = testApp({ database });
  const path = `/v1/transfers?wallet_id=${SENDER}&metadata[a]=b`;
  const page = (await (await app.request(path)).json()) as { data: unknown[]; next_cursor: string };
  assert.deepEqual(page.data, []);
  assert.equal(typeof page.next_cursor, 'string');
  last.length = 0;
  await app.request(`${path}&cursor=${page.next_cursor}`);
  for (const parameters of last)
    assert.ok(parameters.includes('2026-01-31T12:00:00.123Z') && parameters.includes(SENDER));
});

test('the documentation writes a pair of metadata as a deep object', async () => {
  const { paths } = (await (await testApp().app.request('/openapi.json')).json()) as {
    paths: Record<
      string,
      { get: { parameters: { name: string; style?: string; explode?: boolean; schema: { maxProperties?: number } }[] } }
    >;
  };
  for (const path of LISTS) {
    const parameters = paths[path]!.get.parameters;
    const metadata = parameters.find(({ name }) => name === 'metadata');
    assert.deepEqual([metadata?.style, metadata?.explode, metadata?.schema.maxProperties], ['deepObject', true, 1]);
    for (const name of ['status', 'wallet_id', 'reference', 'amount_min', 'amount_max', 'created_after', 'cursor'])
      assert.ok(
        parameters.some((parameter) => parameter.name === name),
        `${path} has ${name}`,
      );
  }
});

describe('limits', () => {
  const put = async (
    app: ReturnType<typeof testApp>['app'],
    body: unknown,
    wallet = SENDER,
  ): Promise<{ status: number; body: Problem }> => {
    const response = await app.request(`/v1/wallets/${wallet}/limits`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Problem };
  };

  const table: [body: unknown, code: string, pointer: string][] = [
    [{ max_amount: '0' }, 'amount_not_positive', '/max_amount'],
    [{ outgoing_24h: '0.0000' }, 'amount_not_positive', '/outgoing_24h'],
    [{ outgoing_24h: '-1' }, 'amount_not_positive', '/outgoing_24h'],
    [{ max_amount: 5 }, 'amount_invalid', '/max_amount'],
    [{ max_amount: '1.00001' }, 'amount_too_precise', '/max_amount'],
    [{ outgoing_24h: '1000000000000000' }, 'amount_too_large', '/outgoing_24h'],
    [{ max: '1' }, 'unknown_field', '/max'],
  ];
  for (const [body, code, pointer] of table) {
    test(`${JSON.stringify(body)} is refused with ${code}`, async () => {
      const { status, body: problem } = await put(testApp().app, body);
      assert.deepEqual([status, problem.code, problem.errors?.[0]?.pointer], [422, code, pointer]);
    });
  }

  test('a wallet that cannot be, and a body that is none, are refused', async () => {
    const { app } = testApp();
    assert.equal((await put(app, {}, 'nobody')).body.code, 'wallet_id_invalid');
    assert.equal((await put(app, [])).body.code, 'body_invalid');
    const bare = await app.request(`/v1/wallets/${SENDER}/limits`, { method: 'PUT' });
    assert.equal(bare.status, 415);
  });

  test('where the wallet API runs apart, they go on to it with method and body, and its answer comes back', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => seen.push(text));
      request.on('end', () => {
        seen.push(request.method, request.url, request.headers['content-type']);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"max_amount": "5.0000"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { app } = testApp({ wallets: { walletApiUrl: `http://127.0.0.1:${port}` } });
      const answer = await put(app, { max_amount: '5' });
      assert.deepEqual([answer.status, answer.body], [200, { max_amount: '5.0000' }]);
      assert.deepEqual(seen, ['{"max_amount":"5"}', 'PUT', `/v1/wallets/${SENDER}/limits`, 'application/json']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
