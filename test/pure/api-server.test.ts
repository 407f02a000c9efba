// The HTTP server itself, on a socket: input that is not HTTP gets a problem too, and a stop drains.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import { SENDER, testApp } from './api-fakes.ts';

async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  draining = new AbortController(),
): Promise<HttpServer> {
  return serveHttp({ fetch, host: '127.0.0.1', port: 0, draining });
}

/** Everything that the server says to these bytes, until it closes the connection. */
async function say(server: HttpServer, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return said;
}

describe('what is not HTTP is answered with a problem and a request id', () => {
  const table: [title: string, bytes: string, status: number, code: string][] = [
    ['a bad request line', 'NONSENSE\r\n\r\n', 400, 'bad_request'],
    ['a bad header', 'GET /health HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n', 400, 'bad_request'],
    [
      'two lengths',
      'POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'bad_request',
    ],
    [
      'headers of 20 kB',
      `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['a host that is none', 'GET /health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['no host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    [
      'an expectation',
      'GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: a-pony\r\nConnection: close\r\n\r\n',
      417,
      'expectation_failed',
    ],
  ];
  for (const [title, bytes, status, code] of table) {
    test(title, async () => {
      const server = await listen(testApp().app.fetch);
      const said = await say(server, bytes);
      await server.stop();
      assert.match(said, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(said, /content-type: application\/problem\+json/i);
      assert.match(said, /x-request-id: \S+/i);
      const problem = JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1)) as {
        code: string;
        status: number;
      };
      assert.deepEqual([problem.status, problem.code], [status, code]);
    });
  }
});

test('ten megabytes are refused while they are sent, by length or in chunks', async () => {
  const server = await listen(testApp().app.fetch);
  const url = `${server.url}/v1/transfers`;
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
  const chunks = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(100_000).fill(0x20));
      if ((this as { sent?: number }).sent === 100) controller.close();
      (this as { sent?: number }).sent = ((this as { sent?: number }).sent ?? 0) + 1;
    },
  });
  for (const body of ['x'.repeat(10_000_000), chunks]) {
    const response = await fetch(url, { method: 'POST', headers, body, duplex: 'half' });
    assert.equal(response.status, 413);
    assert.equal(((await response.json()) as { code: string }).code, 'body_too_large');
  }
  await server.stop();
});

test('large bodies that are announced and do not arrive keep no other out; one that arrives needs room', async () => {
  const server = await listen(
    testApp({ bounds: { requestsMax: 100, waitersMax: 1, settlementsMax: 1, bodyBytesMax: 200_000 } }).app.fetch,
  );
  const url = `${server.url}/v1/transfers`;
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
  const post = async (body: string): Promise<number> => (await fetch(url, { method: 'POST', headers, body })).status;
  const announce = ['Content-Length: 190000\r\n\r\n{', 'Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n'];
  const slow = announce.map((rest) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(`POST /v1/transfers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${rest}`);
    return socket;
  });
  await sleep(100);
  assert.equal(await post('{}'), 422);
  assert.equal(await post(`{${' '.repeat(150_000)}}`), 422, 'read as a whole');
  assert.equal(await post(`{${' '.repeat(250_000)}}`), 429);
  assert.equal(await post(`{${' '.repeat(150_000)}}`), 422, 'the room is given back');
  for (const socket of slow) socket.destroy();
  await server.stop();
});

test('a body that may be left out is none where neither its length nor chunks are announced', async () => {
  const server = await listen(testApp().app.fetch);
  const capture = `POST /v1/transfers/${SENDER}/capture HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
  const said = [await say(server, `${capture}\r\n`), await say(server, `${capture}Content-Length: 0\r\n\r\n`)];
  await server.stop();
  // As far as the database, which is not there.
  for (const each of said) assert.match(each, /"code":"internal_error"/);
});

test('a body in chunks that has none is like no body where it may be left out, and one that has some is judged', async () => {
  const server = await listen(testApp().app.fetch);
  for (const action of ['capture', 'cancel', 'reversals']) {
    const head = `POST /v1/transfers/${SENDER}/${action} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n`;
    for (const [type, chunks, code] of [
      ['', '0\r\n\r\n', 'internal_error'],
      ['Content-Type: application/json\r\n', '0\r\n\r\n', 'internal_error'],
      // As curl says of whatever it sends.
      ['Content-Type: application/x-www-form-urlencoded\r\n', '0\r\n\r\n', 'internal_error'],
      ['Content-Type: application/json\r\n', '2\r\n{}\r\n0\r\n\r\n', 'internal_error'],
      ['Content-Type: application/json\r\n', '9\r\n{"x": 12}\r\n0\r\n\r\n', 'unknown_field'],
      ['Content-Type: application/json\r\n', '1\r\n \r\n0\r\n\r\n', 'invalid_json'],
      ['', '2\r\n{}\r\n0\r\n\r\n', 'unsupported_media_type'],
      ['Content-Type: application/x-www-form-urlencoded\r\n', '1\r\nx\r\n', 'unsupported_media_type'],
    ] as const)
      // As far as the database, which is not there, where it says internal_error.
      assert.match(
        await say(server, `${head}${type}\r\n${chunks}`),
        new RegExp(`"code":"${code}"`),
        `${type}${chunks}`,
      );
  }
  await server.stop();
});

test('a stop finishes what is under way, takes nothing new, and lets go of idle connections', async () => {
  const draining = new AbortController();
  const server = await listen(async () => {
    await sleep(300);
    return new Response('done');
  }, draining);
  const slow = fetch(`${server.url}/slow`);
  await sleep(50);
  const startedAt = performance.now();
  const stopped = server.stop();
  assert.equal(draining.signal.aborted, true);
  await assert.rejects(fetch(`${server.url}/late`));
  assert.equal(await (await slow).text(), 'done');
  await stopped;
  assert.ok(performance.now() - startedAt < 2_900);
});

test('a stop ends within some three seconds, whatever is under way', async () => {
  const server = await listen(() => new Promise<Response>(() => {}));
  const hanging = fetch(server.url).catch(() => 'cut off');
  await sleep(50);
  const startedAt = performance.now();
  await server.stop();
  assert.ok(performance.now() - startedAt < 9_000);
  assert.equal(await hanging, 'cut off');
});

test('servers share a port if both say so: both are asked, and one that stops leaves all requests to the other', async () => {
  const named = (name: string, port: number) =>
    serveHttp({ fetch: () => new Response(name), host: '127.0.0.1', port, reusePort: true });
  const first = await named('first', 0);
  const second = await named('second', Number(new URL(first.url).port));
  const answered = async (): Promise<string[]> => {
    const answers = Array.from({ length: 60 }, async () =>
      (await fetch(first.url, { headers: { connection: 'close' } })).text(),
    );
    return [...new Set(await Promise.all(answers))].toSorted();
  };
  assert.deepEqual(await answered(), ['first', 'second']);
  await first.stop();
  assert.deepEqual(await answered(), ['second']);
  await second.stop();
});

test('an address that is taken is an error', async () => {
  const server = await listen(() => new Response());
  await assert.rejects(
    serveHttp({ fetch: () => new Response(), host: '127.0.0.1', port: Number(new URL(server.url).port) }),
    { code: 'EADDRINUSE' },
  );
  await server.stop();
});
