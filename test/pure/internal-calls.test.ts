// What services ask each other, on the listener of its own: only callers that have the key or a certificate are answered, once, and
// they believe nobody else.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hono } from 'hono';
import { pino } from 'pino';
import { loadBounds } from '../../api/http/base-app.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import { internalApp, serveInternal } from '../../api/internal-listener.ts';
import { readSettings, SettingsError } from '../../process/config.ts';
import { createCallVerifier, signCall, SIGNATURE_HEADER, type SigningKeys } from '../../process/signed-call.ts';
import { askInternal } from '../../workers/ask-internal.ts';
import { createWalletApp } from '../../api/wallet-app.ts';
import { forbiddenDatabase, INSTALLATION, testApp } from './api-fakes.ts';

const keys: SigningKeys = [{ id: 'first', key: Buffer.alloc(32, 1) }];
const others: SigningKeys = [{ id: 'first', key: Buffer.alloc(32, 2) }];
const settingOf = ([{ id, key }]: SigningKeys): string => `${id}:${Buffer.from(key).toString('base64')}`;
const log = pino({ level: 'silent' });
const installation = async () => INSTALLATION;
const deps = { log, hosts: [], bounds: loadBounds(1_000), installation };
let executed = 0;
const echo = new Hono<ApiEnv>()
  .post('/internal/echo', async (c) => {
    executed += 1;
    return c.json({ said: await c.req.json() });
  })
  .get('/internal/echo', (c) => c.json({ said: c.req.query('say') }));

describe('the signature of a call', () => {
  const call = { method: 'POST', target: '/internal/ledger?a=1', body: '{"operation":"clock"}' };
  const at = 1_800_000_000_000;
  const refusal = (...changed: Parameters<ReturnType<typeof createCallVerifier>['verify']>): string | undefined => {
    const verdict = createCallVerifier(keys).verify(...changed);
    return 'refusal' in verdict ? verdict.refusal : undefined;
  };

  test('is of its method, target and body', () => {
    const { signature } = signCall(keys, call, at);
    assert.equal(refusal(signature, call, at), undefined);
    for (const other of [
      { ...call, method: 'GET' },
      { ...call, target: '/internal/ledger?a=2' },
      { ...call, target: '/internal/transfer-batches/1/legs' },
      { ...call, body: '{"operation":"totals"}' },
      { ...call, body: '' },
    ])
      assert.match(refusal(signature, other, at) ?? '', /not of this call/);
  });

  test('is of its time and its nonce', () => {
    const { signature } = signCall(keys, call, at);
    assert.match(refusal(signature.replace(`t=${at}`, `t=${at + 1}`), call, at) ?? '', /not of this call/);
    const nonce = /nonce=([^,]+)/.exec(signature)![1]!;
    const other = nonce.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    assert.match(refusal(signature.replace(nonce, other), call, at) ?? '', /not of this call/);
  });

  test('ends after half a minute, and is not for later', () => {
    const { signature } = signCall(keys, call, at);
    for (const [away, isBelieved] of [
      [29_999, true],
      [-29_999, true],
      [30_001, false],
      [-30_001, false],
    ] as const)
      assert.equal(refusal(signature, call, at + away) === undefined, isBelieved, String(away));
  });

  test('is believed once, whatever comes between and however late', () => {
    const verifier = createCallVerifier(keys);
    const { signature } = signCall(keys, call, at);
    assert.ok('signAnswer' in verifier.verify(signature, call, at - 29_000));
    for (let passed = 0; passed < 21_000; passed += 500)
      verifier.verify(signCall(keys, call, at + passed).signature, call, at + passed);
    for (const later of [21_000, 29_999, 30_999, 31_001, 60_000, 90_000])
      assert.ok('refusal' in verifier.verify(signature, call, at + later), String(later));
  });

  test('is made with a key that is listed: the first or an older one', () => {
    const [young, old] = [{ id: 'young', key: Buffer.alloc(32, 3) }, keys[0]];
    const rotated = createCallVerifier([young, old]);
    assert.ok('signAnswer' in rotated.verify(signCall(keys, call, at).signature, call, at));
    assert.ok('signAnswer' in rotated.verify(signCall([young], call, at).signature, call, at));
    assert.match(refusal(signCall([young], call, at).signature, call, at) ?? '', /not signed with a key/);
    assert.match(refusal(signCall(others, call, at).signature, call, at) ?? '', /not of this call/);
    for (const none of [undefined, '', 'key=first', 'v1=0', 'x'.repeat(10_000)])
      assert.match(refusal(none, call, at) ?? '', /not signed with a key/);
  });
});

test('a foreign, a missing and a repeated signature are refused with 401, and nothing is done', async () => {
  const app = internalApp(deps, keys, [echo]);
  const body = JSON.stringify({ long: 'x'.repeat(100_000) });
  const ask = (signature: string | undefined) =>
    app.request('http://localhost:3100/internal/echo', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(signature && { [SIGNATURE_HEADER]: signature }) },
      body,
    });
  executed = 0;
  const call = { method: 'POST', target: '/internal/echo', body };
  const { signature } = signCall(keys, call);
  const old = signCall(keys, call, Date.now() - 60_000);
  for (const wrong of [undefined, signCall(others, call).signature, old.signature])
    assert.equal((await ask(wrong)).status, 401);
  assert.equal(executed, 0);
  assert.equal((await ask(signature)).status, 200);
  assert.equal((await ask(signature)).status, 401);
  assert.equal(executed, 1);
});

test('the public port answers 404 for every internal path', async () => {
  const wallets = createWalletApp({
    ...deps,
    authentication: 'off',
    shards: [forbiddenDatabase],
    readiness: async () => ({}),
  });
  for (const { app } of [testApp(), { app: wallets }])
    for (const [method, path] of [
      ['POST', '/internal/ledger'],
      ['GET', '/internal/transfer-batches/11111111-1111-8111-8111-111111111111/legs'],
      ['POST', '/internal/transfer-groups/11111111-1111-8111-8111-111111111111/legs'],
    ] as const) {
      const init = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
      assert.equal((await app.request(`http://localhost:3000${path}`, { method, ...init })).status, 404, path);
    }
});

test('a listener that could not tell callers apart does not start', async () => {
  const settings = readSettings({ INTERNAL_PORT: '0' });
  await assert.rejects(serveInternal(settings, deps, [echo], log), SettingsError);
  const half = readSettings({ INTERNAL_PORT: '0', INTERNAL_TLS_CERT: 'x' });
  await assert.rejects(serveInternal(half, deps, [echo], log), /have to be set, or none/);
  assert.equal(await serveInternal(readSettings({}), deps, [echo], log), undefined);
});

describe('over sockets', () => {
  test('a caller with the key is answered, and one without it is told why not', async () => {
    const settings = readSettings({ INTERNAL_PORT: '0', INTERNAL_KEYS: settingOf(keys) });
    const server = (await serveInternal(settings, deps, [echo], log))!;
    const asking = (signing: SigningKeys) =>
      askInternal(
        'WALLET',
        readSettings({ WALLET_INTERNAL_URL: server.url, INTERNAL_KEYS: settingOf(signing) }),
        installation,
      );
    try {
      const ask = asking(keys);
      const long = { text: 'x'.repeat(200_000) };
      assert.deepEqual(await ask('/internal/echo', 5_000, long), { status: 200, body: { said: long } });
      assert.deepEqual((await ask('/internal/echo?say=a%20b', 5_000)).body, { said: 'a b' });
      assert.equal((await ask('/internal/none', 5_000)).status, 404);
      await assert.rejects(asking(others)('/internal/echo?say=a', 5_000), /the answer \(401\) is not signed/);
    } finally {
      await server.stop();
    }
  });

  test('an answer of somebody who has not the key is not believed', async () => {
    const impostor = createServer((_asked, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json', 'counterpoise-answer-signature': '0'.repeat(64) });
      answer.end('{"problem":null}');
    });
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
      const settings = readSettings({ WALLET_INTERNAL_URL: url, INTERNAL_KEYS: settingOf(keys) });
      await assert.rejects(askInternal('WALLET', settings, installation)('/internal/ledger', 5_000, {}), /not signed/);
    } finally {
      impostor.close();
    }
  });

  test('a server that does not answer is given up', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const settings = readSettings({ WALLET_INTERNAL_URL: url, INTERNAL_KEYS: settingOf(keys) });
      await assert.rejects(askInternal('WALLET', settings, installation)('/internal/ledger', 100, {}));
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });
});

describe('with certificates', () => {
  const directory = mkdtempSync(join(tmpdir(), 'internal-tls-'));
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const authority = (name: string): void =>
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`],
    );
  const certificate = (name: string, by: string, days: readonly string[], names: string): void => {
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
      ...['-addext', `subjectAltName=${names}`],
    );
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'],
      ...['-out', `${name}.pem`, '-copy_extensions', 'copy', ...days],
    );
  };
  const tls = (name: string, ca = 'own') => ({
    INTERNAL_TLS_CA: read(`${ca}.pem`),
    INTERNAL_TLS_CERT: read(`${name}.pem`),
    INTERNAL_TLS_KEY: read(`${name}.key`),
  });

  before(() => {
    for (const name of ['own', 'foreign']) authority(name);
    const [here, days] = ['IP:127.0.0.1', ['-days', '1']];
    certificate('api', 'own', days, here);
    certificate('worker', 'own', days, 'DNS:worker');
    certificate('elsewhere', 'own', days, 'DNS:elsewhere');
    certificate('stranger', 'foreign', days, here);
    certificate('expired', 'own', ['-days', '-1'], here);
  });
  after(() => rmSync(directory, { recursive: true }));

  async function serving<T>(name: string, use: (url: string) => Promise<T>): Promise<T> {
    const server = (await serveInternal(readSettings({ INTERNAL_PORT: '0', ...tls(name) }), deps, [echo], log))!;
    try {
      return await use(server.url);
    } finally {
      await server.stop();
    }
  }
  const ask = (url: string, own: object) =>
    askInternal(
      'WALLET',
      readSettings({ WALLET_INTERNAL_URL: url, ...own }),
      installation,
    )('/internal/echo?say=a', 5_000);

  test('a worker of the same authority is answered, and nobody else', async () => {
    await serving('api', async (url) => {
      assert.equal((await ask(url, tls('worker'))).status, 200);
      await assert.rejects(ask(url, { ...tls('stranger'), INTERNAL_TLS_CA: read('own.pem') }));
      await assert.rejects(ask(url, { ...tls('expired') }));
      await assert.rejects(ask(url, { INTERNAL_TLS_CA: read('own.pem') }), 'no certificate');
      await assert.rejects(ask(url.replace('https', 'http'), tls('worker')), 'no TLS');
    });
  });

  test('a worker believes no API of another authority, of another name, or with an expired certificate', async () => {
    await serving('api', (url) => assert.rejects(ask(url, tls('worker', 'foreign'))));
    await serving('elsewhere', (url) => assert.rejects(ask(url, tls('worker')), /altnames/i));
    await serving('expired', (url) => assert.rejects(ask(url, tls('worker')), /expired/i));
  });
});
