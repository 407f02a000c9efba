// What a receiver may do, and what is made of it: each way to fail has its code and its bound.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openConnections, type SendResult } from '../../webhooks/sender.ts';
import type { Resolve } from '../../webhooks/look-ups.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { accept, startReceiver, type Receiver } from './webhook-receiver.ts';

const LOOPBACK = ['127.0.0.0/8'];

describe('the sending of a webhook', () => {
  const closing: (() => unknown)[] = [];
  after(async () => {
    for (const close of closing) await close();
  });

  const connections = (
    {
      allowed = LOOPBACK,
      resolve,
      ...options
    }: Partial<Parameters<typeof openConnections>[0]> & {
      allowed?: string[];
      resolve?: Resolve;
    } = {},
    connectionsMax = 4,
  ) => {
    const opened = openConnections({ guard: createUrlGuard(allowed, resolve), ...options }, connectionsMax);
    closing.push(() => opened.close());
    return opened;
  };
  const receiver = async (...args: Parameters<typeof startReceiver>): Promise<Receiver> => {
    const started = await startReceiver(...args);
    closing.push(() => started.close());
    return started;
  };
  const send = (url: string, by = connections()): Promise<SendResult> =>
    by.send({ url, headers: { 'webhook-id': 'evt_1' }, body: '{"a":"ü"}' });

  test('a 2xx is accepted, and connections are used again', async () => {
    const { url, received, connections: opened } = await receiver();
    const by = connections();
    for (let count = 0; count < 5; count += 1) {
      const { isAccepted, statusCode, errorCode } = await send(url, by);
      assert.deepEqual([isAccepted, statusCode, errorCode], [true, 204, undefined]);
    }
    assert.equal(opened(), 1);
    assert.equal(received[0]!.body, '{"a":"ü"}');
    assert.equal(received[0]!.headers['content-type'], 'application/json');
  });

  for (const [status, errorCode] of [
    [400, 'refused'],
    [404, 'refused'],
    [410, 'gone'],
    [429, 'refused'],
    [500, 'refused'],
    [301, 'redirected'],
    [307, 'redirected'],
    [304, 'redirected'],
  ] as const)
    test(`${status} is a failure: ${errorCode}`, async () => {
      const { url } = await receiver((_, response) => void response.writeHead(status).end('no'));
      const result = await send(url);
      assert.deepEqual([result.isAccepted, result.statusCode, result.errorCode], [false, status, errorCode]);
      if (status !== 304) assert.equal(result.answer, 'no');
    });

  test('a redirect to an address inside is not followed', async () => {
    const inside = await receiver();
    const { url } = await receiver((_, response) => void response.writeHead(302, { location: inside.url }).end());
    assert.equal((await send(url)).errorCode, 'redirected');
    assert.equal(inside.received.length, 0);
  });

  test('Retry-After is read in seconds and as a date, and is a day at most', async () => {
    let header = '120';
    const { url } = await receiver((_, response) => void response.writeHead(503, { 'retry-after': header }).end());
    const asked = async (value: string): Promise<number | undefined> => {
      header = value;
      return (await send(url)).retryAfterMs;
    };
    assert.equal(await asked('120'), 120_000);
    assert.equal(await asked('999999'), 86_400_000);
    assert.equal(await asked('99999999999999999999'), undefined);
    assert.equal(await asked('soon'), undefined);
    assert.equal(await asked('-5'), undefined);
    assert.equal(await asked(new Date(0).toUTCString()), undefined);
    const inAnHour = await asked(new Date(Date.now() + 3_600_000).toUTCString());
    assert.ok(inAnHour! > 3_500_000 && inAnHour! <= 3_600_000);
  });

  test('of an answer of 10 MB and of one that never ends, the first KiB is kept, and both count by their status', async () => {
    let written = 0;
    const { url } = await receiver((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && written < 10 * 1024 * 1024) {
          written += 65_536;
          if (!response.write('x'.repeat(65_536))) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const large = await send(url);
    assert.deepEqual([large.isAccepted, large.answer], [true, 'x'.repeat(1_024)]);
    assert.ok(written < 10 * 1024 * 1024, 'the rest was not read');

    const endless = await receiver((_, response) => void response.writeHead(500).write('never\0ends'));
    const refused = await send(endless.url);
    assert.deepEqual([refused.statusCode, refused.answer], [500, 'neverends']);
  });

  test('a receiver that never answers, or never ends its headers, is given up in time', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    const dripping = createServer((socket) => {
      socket.on('error', () => {}).write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('x-more: y\r\n'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    for (const server of [silent, dripping]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing.push(() => server.close());
      const { port } = server.address() as AddressInfo;
      const result = await send(`http://127.0.0.1:${port}/`, connections({ timeoutMs: 300 }));
      assert.deepEqual([result.isAccepted, result.errorCode, result.statusCode], [false, 'timeout', undefined]);
    }
  });

  test('headers that are too long, or no HTTP, are a failure of the answer', async () => {
    for (const answer of [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 'SSH-2.0-OpenSSH\r\n']) {
      const server = createServer((socket) => socket.on('error', () => {}).end(answer));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing.push(() => server.close());
      const { port } = server.address() as AddressInfo;
      assert.equal((await send(`http://127.0.0.1:${port}/`)).errorCode, 'answer_invalid');
    }
  });

  test('a connection that is refused, and one that is cut, have their codes', async () => {
    const { url, close } = await startReceiver();
    await close();
    assert.equal((await send(url)).errorCode, 'connection_refused');
    const cutting = await receiver((_, _response, request) => void request.socket.destroy());
    assert.equal((await send(cutting.url)).errorCode, 'connection_reset');
  });

  test('an idle connection that the receiver has closed costs no failure', async () => {
    const { url, received } = await receiver((_delivered, response, request) => {
      response.writeHead(200).end(() => request.socket.destroy());
    });
    const by = connections({}, 1);
    for (let count = 0; count < 20; count += 1) assert.equal((await send(url, by)).isAccepted, true);
    assert.ok(received.length >= 20);
  });

  test('each URL is guarded again when it is sent to', async () => {
    const guarded = connections({ allowed: [] });
    assert.equal((await send('https://169.254.169.254/', guarded)).errorCode, 'webhook_url_address_forbidden');
    assert.equal((await send('http://example.com/', guarded)).errorCode, 'webhook_url_not_https');
    const lost = connections({ resolve: async () => [] });
    assert.equal((await send('https://nowhere.example/', lost)).errorCode, 'webhook_url_unresolvable');
  });

  test('a name that leads inside at the next connection is refused there, and is resolved once for each', async () => {
    const inside = await receiver();
    const answers = [[{ address: '93.184.215.14', family: 4 }], [{ address: '127.0.0.1', family: 4 }]];
    let asked = 0;
    const resolve: Resolve = async () => answers[Math.min(asked++, 1)]!;
    const guard = createUrlGuard([], resolve);
    const url = `https://rebound.example:${new URL(inside.url).port}/`;
    assert.equal(await guard.check(url), undefined);
    const by = openConnections({ guard }, 1);
    closing.push(() => by.close());
    assert.equal((await send(url, by)).errorCode, 'webhook_url_address_forbidden');
    assert.equal(asked, 2);
    assert.deepEqual([inside.received.length, inside.connections()], [0, 0]);
  });

  test('the name is in the certificate that is asked for, and a certificate of nobody trusted is a failure', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'counterpoise-tls-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [string, string];
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hook.example -addext subjectAltName=DNS:hook.example -keyout ${key} -out ${cert}`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    );
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    rmSync(directory, { recursive: true });
    const secure = await receiver(accept, { tls });
    const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const at = (name: string) => secure.url.replace('127.0.0.1', name);
    const trusting = connections({ resolve, authority: tls.cert });
    assert.equal((await send(at('hook.example'), trusting)).isAccepted, true);
    assert.equal((await send(at('other.example'), trusting)).errorCode, 'tls_failed');
    assert.equal((await send(at('hook.example'), connections({ resolve }))).errorCode, 'tls_failed');
    assert.equal((await send((await receiver()).url.replace('http:', 'https:'))).errorCode, 'tls_failed');
    assert.equal(secure.received.length, 1);
  });
});
