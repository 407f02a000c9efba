// The route at which the Temporal Web UI has payloads decrypted: for its origin alone.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { payloadDecoding } from '../../api/payload-decoding.ts';
import { readSettings } from '../../process/config.ts';
import { createPayloadCodec } from '../../temporal/payload-codec.ts';
import { testApp } from './api-fakes.ts';

const UI = 'http://127.0.0.1:8233';
const key = Buffer.alloc(32, 7);
const PAYLOAD_KEYS = `first:${key.toString('base64')}`;
const { app } = testApp({ decoding: payloadDecoding(readSettings({ PAYLOAD_KEYS, PAYLOAD_UI_ORIGIN: UI })) });

async function encrypted(text: string) {
  const [payload] = await createPayloadCodec([{ id: 'first', key }]).encode([
    { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) },
  ]);
  return inBase64(payload!);
}

function inBase64({ metadata, data }: { metadata?: object | null; data?: Uint8Array | null }) {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes as Buffer)])),
    data: text(data!),
  };
}

function decode(body: unknown, headers: Readonly<Record<string, string>> = { origin: UI }, asked = app) {
  return asked.request('http://localhost:3000/v1/payloads/decode', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-site', ...headers },
    body: JSON.stringify(body),
  });
}

test('the Web UI reads what was encrypted, and may ask', async () => {
  const answer = await decode({ payloads: [await encrypted('"25.00"')] });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('access-control-allow-origin'), UI);
  const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
  assert.equal(Buffer.from(payloads[0]!.data, 'base64').toString(), '"25.00"');

  const preflight = await app.request('http://localhost:3000/v1/payloads/decode', {
    method: 'OPTIONS',
    headers: { origin: UI, 'access-control-request-method': 'POST' },
  });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, UI]);
});

describe('nobody else is answered', () => {
  for (const [who, headers] of [
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page of the same host at another port', { origin: 'http://127.0.0.1:8234' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a request without an origin', { 'sec-fetch-site': 'none' }],
    ['the origin of the API itself', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }],
  ] as const)
    test(who, async () => {
      const answer = await decode({ payloads: [await encrypted('"25.00"')] }, headers);
      assert.equal(answer.status, 403);
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
    });

  test('the origin of the Web UI opens no other route', async () => {
    const answer = await app.request('http://localhost:3000/v1/wallets', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: UI },
      body: '{}',
    });
    assert.equal(answer.status, 403);
  });
});

describe('what cannot be decrypted is refused', () => {
  test('a payload under a key that is not there is named', async () => {
    const payload = await encrypted('1');
    payload.metadata['encryption-key-id'] = Buffer.from('lost').toString('base64');
    const answer = await decode({ payloads: [payload] });
    assert.equal(answer.status, 422);
    assert.match(((await answer.json()) as { detail: string }).detail, /the key "lost"/);
  });

  test('a body of another shape', async () => {
    for (const body of [{}, { payloads: [{ data: 'not base64' }] }, { payloads: 1 }])
      assert.equal((await decode(body)).status, 422);
  });

  test('without keys there is no such route', async () => {
    const answer = await decode({ payloads: [] }, { 'sec-fetch-site': 'none' }, testApp().app);
    assert.equal(answer.status, 404);
  });
});
