/**
 * A TCP proxy between the services and one of their servers, which treats connections as a fault says: it passes traffic, delays
 * it, loses the answers, resets or refuses connections. In front of PostgreSQL it also reads the statements (postgres-wire.ts), so
 * that a fault can catch one at a named point: before the server has it, or after the commit and before its client knows. A fault
 * ends its treatment with `pass`.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAlong, type Conversation, type Statement } from './postgres-wire.ts';

/** The treatment of a connection. */
export type Mode =
  | { readonly kind: 'pass' }
  /** Each chunk, in either direction, arrives this much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The server's answers are lost, and the connection is reset after a while. It cannot pass again. */
  | { readonly kind: 'blackhole'; readonly resetAfterMs: number }
  /** Open connections and every new one are ended at once. */
  | { readonly kind: 'refuse' };

export type Point = 'before' | 'after';

/** A statement that waits at a point until it is released or its connection ends. */
export interface Caught extends Statement {
  readonly application: string;
  readonly database: string;
  /** Lets the statement reach the server, or its answer the client. */
  readonly pass: () => void;
  /** Resets the connection instead. */
  readonly reset: () => void;
}

export type Wanted = (statement: Statement & Pick<Conversation, 'application' | 'database'>) => boolean;

/** Counts of all that the proxy has done, as evidence that a fault had an effect. */
export interface Evidence {
  connections: number;
  /** Connections that the proxy has reset. */
  reset: number;
  refused: number;
  delayedChunks: number;
  /** Bytes of answers that never arrived. */
  lostBytes: number;
  /** Statements that were committed and whose answer was lost, by operation. */
  lostAnswers: Record<string, number>;
}

export interface FaultProxy {
  readonly port: number;
  readonly evidence: Readonly<Evidence>;
  /** Treats open and new connections in this mode from now on; only those for which `isMeant` holds, if it is given. */
  readonly treat: (mode: Mode, isMeant?: () => boolean) => void;
  /** Resets each open connection for which `isMeant` returns true, and returns their number. */
  readonly resetSome: (isMeant: () => boolean) => number;
  /** Ends what `treat` began; connections that have lost something are reset. Caught statements stay caught. */
  readonly pass: () => void;
  /** Resolves with the next wanted statement that comes to this point. Rejects when the signal aborts. */
  readonly catchNext: (point: Point, isWanted: Wanted, signal: AbortSignal) => Promise<Caught>;
  /** Catches every wanted statement that comes to this point, until the returned function is called. */
  readonly catchEach: (point: Point, isWanted: Wanted, take: (caught: Caught) => void) => () => void;
  readonly close: () => Promise<void>;
}

export interface FaultProxyOptions {
  readonly protocol: 'postgres' | 'opaque';
  /** Called for each connection, which is refused while the port is not known. */
  readonly targetPort: () => number | undefined;
}

interface Catcher {
  readonly point: Point;
  readonly isWanted: Wanted;
  readonly take: (caught: Caught) => void;
}

interface Connection {
  readonly reset: () => void;
  readonly treat: (mode: Mode) => void;
}

const HOST = '127.0.0.1';
const PASS: Mode = { kind: 'pass' };

export async function startFaultProxy({ protocol, targetPort }: FaultProxyOptions): Promise<FaultProxy> {
  const evidence: Evidence = {
    connections: 0,
    reset: 0,
    refused: 0,
    delayedChunks: 0,
    lostBytes: 0,
    lostAnswers: {},
  };
  const connections = new Set<Connection>();
  const catchers = new Set<Catcher>();
  let nextMode = (): Mode => PASS;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const port = targetPort();
    const mode = nextMode();
    client.on('error', () => {});
    if (mode.kind === 'refuse' || port === undefined) {
      evidence.refused += 1;
      client.resetAndDestroy();
      return;
    }
    evidence.connections += 1;
    const upstream = connect({ host: HOST, port, allowHalfOpen: true, noDelay: true });
    upstream.on('error', () => {});
    relay(client, upstream, mode);
  });
  server.listen(0, HOST);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    evidence,
    treat(next, isMeant = () => true) {
      nextMode = () => (isMeant() ? next : PASS);
      for (const connection of [...connections]) if (isMeant()) connection.treat(next);
    },
    resetSome(isMeant) {
      const meant = [...connections].filter(() => isMeant());
      for (const connection of meant) connection.reset();
      return meant.length;
    },
    pass() {
      nextMode = () => PASS;
      for (const connection of [...connections]) connection.treat(PASS);
    },
    catchNext: (point, isWanted, signal) =>
      new Promise((resolve, reject) => {
        const aborted = (): void => {
          catchers.delete(catcher);
          reject(new Error(`no statement came to the point ${point}`));
        };
        const catcher: Catcher = {
          point,
          isWanted,
          take(caught) {
            catchers.delete(catcher);
            signal.removeEventListener('abort', aborted);
            resolve(caught);
          },
        };
        if (signal.aborted) return aborted();
        signal.addEventListener('abort', aborted, { once: true });
        catchers.add(catcher);
      }),
    catchEach(point, isWanted, take) {
      const catcher: Catcher = { point, isWanted, take };
      catchers.add(catcher);
      return () => void catchers.delete(catcher);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of [...connections]) connection.reset();
      await closed;
    },
  };

  function relay(client: Socket, upstream: Socket, first: Mode): void {
    const wire = protocol === 'postgres' ? readAlong() : undefined;
    let own: Mode = PASS;
    let isOver = false;

    const reset = (): void => {
      if (isOver) return;
      evidence.reset += 1;
      client.resetAndDestroy();
      upstream.resetAndDestroy();
      over();
    };
    const over = (): void => {
      isOver = true;
      connections.delete(connection);
    };
    const connection: Connection = {
      reset,
      treat(next) {
        if (next.kind === 'refuse') reset();
        else if (own.kind !== 'blackhole') turn(next);
        else if (next.kind === 'pass') reset();
      },
    };
    const turn = (next: Mode): void => {
      own = next;
      if (next.kind === 'blackhole') setTimeout(reset, next.resetAfterMs).unref();
    };
    turn(first);
    connections.add(connection);
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      socket.once('close', () => {
        over();
        other.destroy();
      });
    }

    /** Waits while one of these is caught; returns false if it was reset. */
    const passes = async (point: Point, statements: readonly Statement[]): Promise<void> => {
      for (const statement of statements) {
        const seen = { ...statement, application: wire!.application, database: wire!.database };
        const catcher = [...catchers].find((each) => each.point === point && each.isWanted(seen));
        if (catcher === undefined) continue;
        const { promise, resolve } = Promise.withResolvers<void>();
        catcher.take({
          ...seen,
          pass: resolve,
          reset: () => {
            reset();
            resolve();
          },
        });
        await promise;
      }
    };
    const toServer = async (chunk: Buffer): Promise<boolean> => {
      if (wire !== undefined) await passes('before', wire.fromClient(chunk));
      return true;
    };
    const toClient = async (chunk: Buffer): Promise<boolean> => {
      const answered = wire?.fromServer(chunk) ?? [];
      await passes('after', answered);
      // The mode may have changed since the answer came.
      if (own.kind !== 'blackhole' && !isOver) return true;
      evidence.lostBytes += chunk.length;
      for (const { operation } of answered)
        evidence.lostAnswers[operation] = (evidence.lostAnswers[operation] ?? 0) + 1;
      return false;
    };
    const delay = async (): Promise<void> => {
      if (own.kind !== 'delay') return;
      evidence.delayedChunks += 1;
      await sleep(own.ms);
    };
    // A connection that ends in the middle of a transfer of bytes, as many do here, is no error.
    const drop = (): void => [client, upstream].forEach((socket) => void socket.destroy());
    pump(client, upstream, delay, toServer).catch(drop);
    pump(upstream, client, delay, toClient).catch(drop);
  }
}

/** Copies one socket to the other, in order and at the other's pace, as long as `passes` returns true. */
async function pump(
  from: Socket,
  to: Socket,
  delay: () => Promise<void>,
  passes: (chunk: Buffer) => Promise<boolean>,
): Promise<void> {
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    await delay();
    if (!(await passes(chunk)) || !to.writable) continue;
    if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  }
  to.end();
}
