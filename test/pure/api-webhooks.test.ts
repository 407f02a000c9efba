// What the API decides by itself about webhooks: no database is touched.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { testApp, type Problem } from './api-fakes.ts';

const ID = '4e7a1b0c-8d2f-4c35-9a6e-1f2b3c4d5e6f';
const URL_ = 'https://93.184.215.14/';

describe('webhooks', () => {
  const webhooks = {
    guard: createUrlGuard([]),
    box: createSecretBox([{ id: 'a', key: randomBytes(32) }]),
    sendOnce: () => Promise.reject(new Error('something was sent')),
  };
  const { app } = testApp({ webhooks });
  const ask = async (to: typeof app, method: string, path: string, body?: unknown, headers = {}): Promise<string> => {
    const response = await to.request(`/v1/webhook-endpoints${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status, code } = (await response.json()) as Problem;
    assert.equal(response.status, status);
    return `${status} ${code}`;
  };

  test('a request that is wrong is refused with its code before anything is asked', async () => {
    const key = { 'idempotency-key': 'k' };
    const range = { from_position: 1, to_position: 2 };
    const cases: [method: string, path: string, body: unknown, code: string, headers?: object][] = [
      ['POST', '', {}, '422 field_missing'],
      ['POST', '', { url: 1 }, '422 text_invalid'],
      ['POST', '', { url: 'http://example.com' }, '422 webhook_url_not_https'],
      ['POST', '', { url: URL_, types: [] }, '422 event_types_invalid'],
      ['POST', '', { url: URL_, types: ['A b'] }, '422 event_types_invalid'],
      ['POST', '', { url: URL_, types: 'transfer.completed' }, '422 event_types_invalid'],
      ['POST', '', { url: URL_, types: ['transfer.complete'] }, '422 event_type_unknown'],
      ['PATCH', `/${ID}`, { types: ['transfer.*'] }, '422 event_types_invalid'],
      ['PATCH', `/${ID}`, { types: ['webhook.test'] }, '422 event_type_unknown'],
      ['POST', `/${ID}/replays`, { ...range, types: ['transfers.completed'] }, '422 event_type_unknown', key],
      ['POST', '', { url: URL_, ordering: 'total' }, '422 ordering_invalid'],
      ['POST', '', { url: URL_, secret: 'mine' }, '422 unknown_field'],
      ['GET', '/x', undefined, '422 webhook_endpoint_id_invalid'],
      ['GET', '?limit=0', undefined, '422 limit_invalid'],
      ['PATCH', `/${ID}`, { status: 'DISABLED' }, '422 status_invalid'],
      ['PATCH', `/${ID}`, { url: 'https://10.0.0.1/' }, '422 webhook_url_address_forbidden'],
      ['POST', `/${ID}/rotate-secret`, { expires_in: 604_801 }, '422 secret_expires_in_invalid'],
      ['POST', `/${ID}/rotate-secret`, { expires_in: 1.5 }, '422 secret_expires_in_invalid'],
      ['POST', `/${ID}/enable`, { from: 'yesterday' }, '422 from_invalid'],
      ['GET', `/${ID}/deliveries?status=LOST`, undefined, '422 status_invalid'],
      ['GET', `/${ID}/deliveries/x`, undefined, '422 position_invalid'],
      ['POST', `/${ID}/replays`, range, '400 idempotency_key_missing'],
      ['POST', `/${ID}/replays`, { from_position: 2, to_position: 1 }, '422 positions_reversed', key],
      ['POST', `/${ID}/replays`, { ...range, from_position: '1' }, '422 position_invalid', key],
      ['POST', `/${ID}/replays`, { ...range, only_failed: 'yes' }, '422 value_invalid', key],
      ['GET', `/${ID}/replays/x`, undefined, '422 replay_id_invalid'],
    ];
    for (const [method, path, body, code, headers] of cases)
      assert.equal(await ask(app, method, path, body, headers), code, `${method} ${path} ${JSON.stringify(body)}`);
  });

  test('a type of events that there is not is named by its place', async () => {
    const response = await app.request('/v1/webhook-endpoints', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: URL_, types: ['transfer.completed', 'transfer.complete', 'A b'] }),
    });
    assert.deepEqual(
      ((await response.json()) as Problem).errors?.map((each) => [each.code, 'pointer' in each && each.pointer]),
      [
        ['event_type_unknown', '/types/1'],
        ['event_types_invalid', '/types/2'],
      ],
    );
  });

  test('without keys, nothing that needs a secret is done', async () => {
    const { app: without } = testApp();
    for (const [path, body] of [
      ['', { url: URL_ }],
      [`/${ID}/test`, undefined],
      [`/${ID}/rotate-secret`, undefined],
    ] as const)
      assert.equal(await ask(without, 'POST', path, body), '501 webhooks_not_configured');
  });
});
