// The nemesis's proxy in front of an echo server: what each mode does to the traffic.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '../../nemesis/proxy.ts';

let proxy: FaultProxy;
let port: number | undefined;
const received: string[] = [];
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received.push(chunk.toString());
    socket.write(chunk);
  });
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  proxy = await startFaultProxy({ protocol: 'opaque', targetPort: () => port });
});
afterEach(() => {
  proxy.pass();
  received.length = 0;
  for (const socket of sockets) socket.destroy();
});
after(async () => {
  await proxy.close();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** What the server answers, or how the connection ended. */
async function say(socket: Socket, text: string): Promise<string> {
  const answer = Promise.race([
    new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString()))),
    closing(socket),
  ]);
  socket.write(text);
  return answer;
}

function closing(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('close', () => resolve('closed')));
}

test('what is sent passes, both ways and in its order, however much it is', async () => {
  const socket = await open();
  const sent = Buffer.alloc(3_000_000, 'abcdefg');
  const parts: Buffer[] = [];
  socket.on('data', (chunk) => parts.push(chunk));
  socket.end(sent);
  await once(socket, 'end');
  assert.ok(Buffer.concat(parts).equals(sent));
});

test('what is delayed arrives later, and after that nothing is', async () => {
  const socket = await open();
  proxy.treat({ kind: 'delay', ms: 150 });
  const startedAt = performance.now();
  assert.equal(await say(socket, 'late'), 'late');
  assert.ok(performance.now() - startedAt >= 290, 'once on each way');
  const delayed = proxy.evidence.delayedChunks;
  proxy.pass();
  assert.equal(await say(socket, 'soon'), 'soon');
  assert.equal(proxy.evidence.delayedChunks, delayed);
});

test('a blackholed answer never arrives though the server has heard the question, and the connection is reset', async () => {
  const socket = await open();
  assert.equal(await say(socket, 'hello'), 'hello');
  const { lostBytes, reset } = proxy.evidence;
  proxy.treat({ kind: 'blackhole', resetAfterMs: 100 });
  assert.equal(await say(socket, 'commit'), 'closed');
  assert.deepEqual(received, ['hello', 'commit']);
  assert.equal(proxy.evidence.lostBytes, lostBytes + 'commit'.length);
  assert.equal(proxy.evidence.reset, reset + 1);
});

test('a connection that has lost an answer does not pass again: it is reset when all is well', async () => {
  const socket = await open();
  proxy.treat({ kind: 'blackhole', resetAfterMs: 60_000 });
  const answer = say(socket, 'lost');
  while (received.length === 0) await sleep(5);
  proxy.pass();
  assert.equal(await answer, 'closed');
  assert.equal(await say(await open(), 'found'), 'found');
});

test('those that are not meant are left alone', async () => {
  const [one, other] = [await open(), await open()];
  assert.equal(await say(one, 'a'), 'a');
  assert.equal(await say(other, 'b'), 'b');
  let asked = 0;
  proxy.treat({ kind: 'blackhole', resetAfterMs: 100 }, () => asked++ === 0);
  assert.deepEqual((await Promise.all([say(one, 'c'), say(other, 'd')])).toSorted(), ['closed', 'd']);
});

test('what is refused ends at once, open or new, until all passes again', async () => {
  const socket = await open();
  assert.equal(await say(socket, 'a'), 'a');
  const closed = closing(socket);
  proxy.treat({ kind: 'refuse' });
  await closed;
  const refused = await open().catch(() => undefined);
  if (refused !== undefined && !refused.destroyed) assert.equal(await say(refused, 'b'), 'closed');
  assert.deepEqual(received, ['a']);
  proxy.pass();
  assert.equal(await say(await open(), 'c'), 'c');
});

test('a server that is not known yet is one that refuses', async () => {
  const known = port;
  port = undefined;
  const socket = await open().catch(() => undefined);
  if (socket !== undefined && !socket.destroyed) assert.equal(await say(socket, 'a'), 'closed');
  port = known;
  assert.equal(await say(await open(), 'b'), 'b');
});
