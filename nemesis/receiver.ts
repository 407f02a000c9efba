/**
 * A receiver of webhooks, which the nemesis itself serves on loopback and can make behave badly. It keeps what it has accepted, and
 * checks each delivery as it arrives: its signature, that a repeat is the same as before, and, if it was promised, the order of its
 * subject.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { choosePorts } from '../dev/ports.ts';
import { tenantOf, type OfTenant, type Tenant } from '../domain/tenant.ts';
import { openArrivals, type Arrivals, type Delivered } from './arrivals.ts';

/** How a receiver treats requests. */
export type Conduct =
  | { readonly kind: 'accepts'; readonly afterMs?: number }
  /** Each one but every `but`th is refused with this status; all are if it is not given. */
  | { readonly kind: 'refuses'; readonly status: number; readonly but?: number }
  /** Reads the request, and resets the connection. */
  | { readonly kind: 'resets' }
  /** Answers that it has accepted, and drops what it was sent. */
  | { readonly kind: 'lies' };

export interface Receiver extends Pick<Arrivals, 'dropped' | 'passOver' | 'lacks' | 'hasAll' | 'digestAt' | 'forget'> {
  readonly name: string;
  readonly url: string;
  /** Says which secret signs, and that events behind this position are to come. */
  readonly expect: (secret: string, after: number) => void;
  readonly behave: (conduct: Conduct) => void;
  /** Refuses connections, and ends those that are open. */
  readonly shut: () => Promise<void>;
  readonly open: () => Promise<void>;
  /** Requests that have not been answered yet. */
  readonly underWay: () => number;
  readonly counts: Readonly<Counts>;
  readonly close: () => Promise<void>;
}

interface Counts {
  accepted: number;
  /** Of what it had accepted. */
  repeats: number;
  refused: number;
  /** Requests that it reset after it had read them. */
  reset: number;
  dropped: number;
}

interface ReceiverOptions {
  readonly name: string;
  /** Whose events it may be sent. */
  readonly tenant: Tenant;
  readonly isOrdered: boolean;
  /** Of this user's stacks, which share a table of ports. */
  readonly cacheDir: string;
  readonly violation: (subject: string | undefined, detail: string) => void;
}

const HOST = '127.0.0.1';
const LISTEN_TRIES = 50;
const AGAIN_MS = 100;
const ACCEPTS: Conduct = { kind: 'accepts' };

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { name, tenant, isOrdered, cacheDir, violation } = options;
  // Not one of those that outgoing connections are given: it is closed for a while.
  const reserved = await choosePorts({ [name]: { setting: name, set: 0, usual: 0, lastTime: undefined } }, cacheDir);
  const port = reserved.ports[name]!;
  const kept = openArrivals(isOrdered, (subject, detail) => violation(subject, `${name}: ${detail}`));
  const counts: Counts = { accepted: 0, repeats: 0, refused: 0, reset: 0, dropped: 0 };
  let webhook: Webhook | undefined;
  let conduct: Conduct = ACCEPTS;
  let underWay = 0;
  let requests = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    // It may come before the answer that says by which secret it is signed.
    if (webhook === undefined) return void response.writeHead(503).end();
    const delivered = verified(webhook, request, body);
    if (typeof delivered === 'string') {
      violation(undefined, `${name}: ${delivered}`);
      return void response.writeHead(401).end();
    }
    if (tenantOf(delivered) !== tenant)
      violation(delivered.subject, `${name}: it was sent position ${delivered.position}, of ${tenantOf(delivered)}`);
    kept.see(delivered, body);
    requests += 1;
    const reply = conclude(conduct, requests, delivered, kept, counts);
    if (reply === 'reset') return void request.socket.resetAndDestroy();
    if (reply.afterMs !== undefined) await sleep(reply.afterMs);
    response.writeHead(reply.status).end();
  };
  const door = await openDoor(port, (request, response) => {
    underWay += 1;
    // A sender that was killed in the middle of its request has sent nothing.
    answer(request, response)
      .catch(() => {})
      .finally(() => (underWay -= 1));
  });

  return {
    name,
    url: `http://${HOST}:${port}/${name}`,
    expect(secret, after) {
      webhook = new Webhook(secret);
      kept.forget(after);
    },
    behave: (next) => (conduct = next),
    ...door,
    underWay: () => underWay,
    counts,
    dropped: kept.dropped,
    passOver: kept.passOver,
    lacks: kept.lacks,
    hasAll: kept.hasAll,
    digestAt: kept.digestAt,
    forget: kept.forget,
    async close() {
      await door.shut();
      reserved.release();
    },
  };
}

/** Returns what was delivered, or what is wrong with it. */
function verified(webhook: Webhook, { headers }: IncomingMessage, body: string): (Delivered & OfTenant) | string {
  const id = String(headers['webhook-id']);
  try {
    const event = webhook.verify(body, headers as Record<string, string>) as Delivered & OfTenant;
    return id === `evt_${event.position}` ? event : `position ${event.position} came as ${id}`;
  } catch (error) {
    return `webhook ${id} is not what was signed: ${String(error)}`;
  }
}

/** Keeps or drops what was delivered, and returns the answer to it. */
function conclude(conduct: Conduct, requests: number, delivered: Delivered, kept: Arrivals, counts: Counts) {
  switch (conduct.kind) {
    case 'refuses':
      if (conduct.but !== undefined && requests % conduct.but === 0) break;
      counts.refused += 1;
      return { status: conduct.status, afterMs: undefined };
    case 'resets':
      counts.reset += 1;
      return 'reset';
    case 'lies':
      if (kept.drop(delivered)) counts.dropped += 1;
      return { status: 200, afterMs: undefined };
    case 'accepts':
      break;
    default:
      conduct satisfies never;
  }
  if (kept.accept(delivered)) counts.accepted += 1;
  else counts.repeats += 1;
  return { status: 200, afterMs: conduct.kind === 'accepts' ? conduct.afterMs : undefined };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that can be closed and opened again at the same port. */
async function openDoor(port: number, listener: Listener): Promise<Pick<Receiver, 'open' | 'shut'>> {
  let server: Server | undefined = await listen(port, listener);
  return {
    async open() {
      server ??= await listen(port, listener);
    },
    async shut() {
      if (server === undefined) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      server = undefined;
      await closed;
    },
  };
}

/** Another process may hold the port for a moment after it was closed. */
async function listen(port: number, listener: Listener): Promise<Server> {
  for (let tried = 1; ; tried += 1) {
    const server = createServer(listener);
    server.on('clientError', (_error, socket) => socket.destroy());
    const failure = await new Promise<Error | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(port, HOST, () => resolve(undefined));
    });
    if (failure === undefined) return server;
    if (tried === LISTEN_TRIES) throw failure;
    await sleep(AGAIN_MS);
  }
}
