/**
 * The HTTP server. When it is told to stop, it drains: it accepts no new connection, finishes the requests under way, and closes
 * idle connections. Input that is not even HTTP is answered with a problem too.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, STATUS_CODES, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { describeProblem, ProblemError, type ProblemCode } from './problem.ts';
import { traceOf } from './request-context.ts';

export interface HttpServer {
  /** The address on which it listens, for links. */
  readonly url: string;
  /** Drains; resolves when the last connection is closed, some three seconds later at most. A second call waits for the same. */
  readonly stop: () => Promise<void>;
}

export interface ServeOptions {
  readonly fetch: (request: Request, env: object) => Response | Promise<Response>;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Whether other processes may listen on the same port: the kernel gives each new connection to one of them. */
  readonly reusePort?: boolean;
  /** Certificate and key, for HTTPS. */
  readonly tls?: Pick<TlsOptions, 'ca' | 'cert' | 'key' | 'requestCert' | 'rejectUnauthorized'> | undefined;
  /** Aborted when the drain begins, before anything else, so that requests that wait for a movement are answered. */
  readonly draining?: AbortController;
}

/** Short enough to leave the workers of the same process time to drain afterwards. */
const DRAIN_LIMIT_MS = 3_000;
const CONNECTIONS_MAX = 10_000;
/** The time for a request to arrive as a whole; the time for its answer is not bounded here. */
const REQUEST_LIMIT_MS = 30_000;
const SERVER_OPTIONS: ServerOptions = {
  requestTimeout: REQUEST_LIMIT_MS,
  headersTimeout: REQUEST_LIMIT_MS,
  keepAliveTimeout: 65_000,
  // The bytes of the request line and all headers together; code that reads headers relies on this bound.
  maxHeaderSize: 16 * 1024,
  // Node would refuse a request without a Host with an empty answer; the listener refuses it with a problem.
  requireHostHeader: false,
};

/** Starts to listen; throws if it cannot listen on the address. */
export async function serveHttp({
  fetch,
  host,
  port,
  reusePort = false,
  tls,
  draining,
}: ServeOptions): Promise<HttpServer> {
  const listener = getRequestListener(fetch, { errorHandler: answerUnreadable });
  const answer: RequestListener = (incoming, outgoing) => {
    // A client that keeps using its connection would otherwise never be asked to close it.
    if (!server.listening) outgoing.setHeader('Connection', 'close');
    void listener(incoming, outgoing);
  };
  const server =
    tls === undefined ? createServer(SERVER_OPTIONS, answer) : createTlsServer({ ...SERVER_OPTIONS, ...tls }, answer);
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseUnreadable(error, socket));
  server.on('checkExpectation', (incoming, outgoing) => {
    const { requestId } = traceOf(undefined, undefined);
    const { status, headers, body } = describeProblem(new ProblemError('expectation_failed'), requestId);
    outgoing.writeHead(status, { ...headers, 'X-Request-Id': requestId }).end(JSON.stringify(body));
    incoming.resume();
  });
  server.listen({ port, host, reusePort });
  await once(server, 'listening');

  const { port: actualPort } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    stop() {
      draining?.abort();
      return (stopped ??= drain(server));
    },
  };
}

async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const deadline = performance.now() + DRAIN_LIMIT_MS;
  const isClosed = closed.then(() => true);
  while (!(await Promise.race([isClosed, sleep(50, false)]))) {
    if (performance.now() > deadline) server.closeAllConnections();
    else server.closeIdleConnections();
  }
}

/** The response if no Request can be made of the input, as with an invalid host, or if the app itself lets an error through. */
function answerUnreadable(error: unknown): Response {
  const isRequest = error instanceof Error && error.name === 'RequestError';
  const requestId = randomUUID();
  const { status, headers, body } = describeProblem(
    new ProblemError(isRequest ? 'bad_request' : 'internal_error'),
    requestId,
  );
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'X-Request-Id': requestId } });
}

const UNREADABLE: Partial<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers input that node:http cannot parse. There is no response object yet, so the answer is written by hand. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const { status, headers, body } = describeProblem(
    new ProblemError(UNREADABLE[error.code ?? ''] ?? 'bad_request'),
    requestId,
  );
  const payload = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'X-Request-Id': requestId,
    'Content-Length': Buffer.byteLength(payload),
    Connection: 'close',
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${payload}`,
  );
}
