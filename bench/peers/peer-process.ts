/** The process of a peer: it receives the ground, reports its URL, and ends with its channel to the bench. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStatements, type Movement, type Statements } from '../statements.ts';
import type { PeerGround } from './kinds.ts';

export interface RunningPeer {
  /** The URL for transfers. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function runPeer(
  start: (ground: PeerGround, statements: Statements) => Promise<RunningPeer>,
): Promise<void> {
  const left = once(process, 'disconnect');
  const [ground] = (await once(process, 'message')) as [PeerGround];
  const statements = openStatements(ground.databases);
  const peer = await start(ground, statements);
  process.send!({ url: peer.url });
  await left;
  await peer.close();
  await statements.close();
  process.exit(0);
}

/**
 * A thin HTTP endpoint for engines that are called in their own process, so that all subjects are called alike. Unlike
 * Counterpoise's API it checks nothing, keeps no key and reads no row, which is to the peer's advantage.
 */
export async function listen(move: (movement: Movement) => Promise<void>): Promise<RunningPeer> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then(move)
      .then(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"COMPLETED"}'),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/transfers`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Movement> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return JSON.parse(text) as Movement;
}
