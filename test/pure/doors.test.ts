// Closed doors: who may reach an API in the clear, whose word on a client's address counts, and which databases are believed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { doorsOf } from '../../process/doors.ts';
import { clientBehind, trustedProxies } from '../../api/http/client-address.ts';
import { serveHttp } from '../../api/http/serve-http.ts';
import { readSettings, SettingsError } from '../../process/config.ts';

const doors = (env: Readonly<Record<string, string>>) => doorsOf(readSettings(env));

describe('an API', () => {
  for (const HOST of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
    test(`listens in the clear on ${HOST}`, () => assert.equal(doors({ HOST }), undefined));

  for (const HOST of ['0.0.0.0', '::', '10.0.0.7', 'fd00::1', 'api', '127.0.0.1.evil.example']) {
    test(`does not on ${HOST}, unless a proxy is named or it has TLS`, () => {
      assert.throws(() => doors({ HOST }), SettingsError);
      assert.equal(doors({ HOST, TRUSTED_PROXIES: '10.1.0.0/16' }), undefined);
      assert.deepEqual(doors({ HOST, TLS_CERT: 'c', TLS_KEY: 'k' }), { cert: 'c', key: 'k' });
    });
  }

  test('is not started with half of TLS', () => {
    assert.throws(() => doors({ TLS_CERT: 'c' }), SettingsError);
    assert.throws(() => doors({ TLS_KEY: 'k' }), SettingsError);
  });

  test('answers over TLS', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'doors-'));
    try {
      const made = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=api',
      ];
      const files = ['-keyout', 'key', '-out', 'cert', '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync('openssl', [...made, ...files], { cwd: directory, stdio: 'pipe' });
      const [cert, key] = ['cert', 'key'].map((name) => readFileSync(join(directory, name), 'utf8'));
      const server = await serveHttp({
        fetch: () => new Response('here'),
        host: '127.0.0.1',
        port: 0,
        tls: { cert: cert!, key: key! },
      });
      const status = (ca?: string): Promise<number | undefined> =>
        new Promise((resolve, reject) => {
          request(server.url, { ...(ca === undefined ? {} : { ca }) }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          })
            .on('error', reject)
            .end();
        });
      try {
        assert.match(server.url, /^https:/);
        assert.equal(await status(cert), 200);
        await assert.rejects(status(), 'believed without its authority');
        await assert.rejects(fetch(server.url.replace('https', 'http'), { signal: AbortSignal.timeout(2_000) }));
      } finally {
        await server.stop();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the address of a client', () => {
  const trusted = trustedProxies(['10.0.0.0/8', '::1/128']);
  for (const [title, remote, forwardedFor, expected] of [
    ['is the other end of its connection', '203.0.113.7', undefined, '203.0.113.7'],
    ['is not what it says itself', '203.0.113.7', '127.0.0.1', '203.0.113.7'],
    ['is what its proxy says', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    [
      'is the last that a proxy adds, not what the client sent first',
      '10.0.0.1',
      '127.0.0.1, 203.0.113.7',
      '203.0.113.7',
    ],
    ['is behind two proxies', '10.0.0.1', '8.8.8.8, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['is the proxy where it says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is the proxy where it says no address', '10.0.0.1', '203.0.113.7, unknown', '10.0.0.1'],
    ['is no short form', '10.0.0.1', '1', '10.0.0.1'],
    ['is an IPv4 address within IPv6', '::ffff:10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['is IPv6', '::1', '2001:DB8::7', '2001:db8::7'],
    ['has no port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['has no port and no brackets', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['is unknown without a server', undefined, '203.0.113.7', undefined],
  ] as const)
    test(title, () => assert.equal(clientBehind(remote, forwardedFor, trusted), expected));

  test('is nobody’s word where no proxy is named', () =>
    assert.equal(clientBehind('10.0.0.1', '203.0.113.7', trustedProxies([])), '10.0.0.1'));

  test('of a long list is found in one pass', () => {
    const started = performance.now();
    assert.equal(clientBehind('10.0.0.1', '10.0.0.2,'.repeat(100_000), trusted), '10.0.0.1');
    assert.ok(performance.now() - started < 5_000);
  });
});

describe('a database', () => {
  test('whose outbox is read is held to the same', () => {
    const OUTBOX_DATABASE_URLS = 'transfer=postgres://a:secret-of-it@db.example/t';
    assert.throws(() => readSettings({ OUTBOX_DATABASE_URLS }), /sslmode=verify-full/);
    assert.ok(readSettings({ OUTBOX_DATABASE_URLS: `${OUTBOX_DATABASE_URLS}?sslmode=verify-full` }));
  });

  const read = (url: string): string | undefined => readSettings({ TRANSFER_DATABASE_URL: url }).TRANSFER_DATABASE_URL;
  for (const [url, isTaken] of [
    ['postgres://a:secret-of-it@127.0.0.1/t', true],
    ['postgres://a:secret-of-it@localhost:5432/t', true],
    ['postgres://a:secret-of-it@[::1]/t', true],
    ['postgres://a:secret-of-it@%2Frun%2Fpostgresql/t', true],
    ['postgres://a:secret-of-it@db.example/t', false],
    ['postgres://a:secret-of-it@db.example/t?sslmode=require', false],
    ['postgres://a:secret-of-it@db.example/t?sslmode=prefer', false],
    ['postgres://a:secret-of-it@127.0.0.1/t?host=db.example', false],
    ['postgres://a:secret-of-it@db.example/t?sslmode=verify-full', true],
    ['postgres://a:secret-of-it@db.example/t?sslmode=disable', true],
    ['postgres://a:secret-of-it@db.example/t?sslmode=no-verify', true],
  ] as const)
    test(`${url} is ${isTaken ? 'taken' : 'refused'}`, () => {
      if (isTaken) assert.equal(read(url), url);
      else
        assert.throws(
          () => read(url),
          (error: Error) =>
            error instanceof SettingsError &&
            /sslmode=verify-full/.test(error.message) &&
            !error.message.includes('secret-of-it'),
        );
    });
});
