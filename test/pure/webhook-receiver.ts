// A receiver of webhooks on loopback, over http or https, which answers as the test says and keeps what it was sent.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Delivered {
  readonly id: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  /** In the order in which their bodies had arrived. */
  readonly received: Delivered[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

type Respond = (delivered: Delivered, response: ServerResponse, request: IncomingMessage) => void;

export const accept: Respond = (_delivered, response) => void response.writeHead(204).end();

export async function startReceiver(
  respond: Respond = accept,
  { tls, port = 0 }: { readonly tls?: { readonly key: string; readonly cert: string }; readonly port?: number } = {},
): Promise<Receiver> {
  const received: Delivered[] = [];
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void text(request).then((body) => {
      const delivered = {
        id: String(request.headers['webhook-id']),
        path: request.url!,
        headers: request.headers,
        body,
      };
      received.push(delivered);
      respond(delivered, response, request);
    });
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on(tls === undefined ? 'connection' : 'secureConnection', () => (connections += 1));
  server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
