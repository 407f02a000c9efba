/**
 * The choice of the ports that a stack listens on. A port that is set is taken, or the start is refused; a port that is not set
 * is last time's, else the usual one, else any free one. Two stacks that start at the same moment never choose the same port: a
 * chosen port is reserved, in a table that all stacks of this user share, until its stack stops or dies.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isRunning, recordOf } from './processes.ts';
import { StackError } from './stack-error.ts';

export interface PortWish {
  /** The setting that fixes this port, as the error names it. */
  readonly setting: string;
  /** The setting's value, if it is set; 0 asks for any free port rather than the usual one. */
  readonly set: number | undefined;
  readonly usual: number;
  readonly lastTime: number | undefined;
}

export interface Ports<Name extends string> {
  readonly ports: Readonly<Record<Name, number>>;
  /** A sentence for each port that is not the usual one although nobody has asked for another. */
  readonly notes: readonly string[];
  readonly release: () => void;
}

// Below the range that Linux and macOS draw outgoing connections from: a client that keeps retrying a
// port of that range while its server is down can be given the very port as its own and connect to itself.
const RANDOM_PORT_MIN = 20_000;
const RANDOM_PORT_MAX = 32_000;
const CANDIDATES = 12;

export async function choosePorts<Name extends string>(
  wishes: Readonly<Record<Name, PortWish>>,
  cacheDir: string,
): Promise<Ports<Name>> {
  const freeCandidates = new Map<Name, number[]>();
  for (const name of Object.keys(wishes) as Name[]) {
    freeCandidates.set(name, await findFree(candidatesFor(wishes[name])));
  }

  const self = recordOf(process.pid)!;
  const reservations = new DatabaseSync(join(cacheDir, 'ports.db'), { timeout: 5_000 });
  reservations.exec('CREATE TABLE IF NOT EXISTS reservation (port INTEGER PRIMARY KEY, pid INTEGER, started TEXT)');
  const ports = {} as Record<Name, number>;
  try {
    reservations.exec('BEGIN IMMEDIATE');
    const holders = reservations.prepare('SELECT port, pid, started FROM reservation').all();
    const reserved = new Set<number>();
    for (const { port, pid, started } of holders) {
      if (isRunning({ pid: Number(pid), started: String(started) })) reserved.add(Number(port));
      else reservations.prepare('DELETE FROM reservation WHERE port = ?').run(port!);
    }
    for (const [name, candidates] of freeCandidates) {
      const port = candidates.find((candidate) => !reserved.has(candidate));
      if (port === undefined) throw takenError(wishes[name]);
      reserved.add(port);
      ports[name] = port;
      reservations.prepare('INSERT INTO reservation VALUES (?, ?, ?)').run(port, self.pid, self.started);
    }
    reservations.exec('COMMIT');
  } catch (error) {
    reservations.close(); // which rolls back
    throw error;
  }
  return {
    ports,
    notes: (Object.keys(wishes) as Name[]).flatMap((name) => noteOf(wishes[name], ports[name])),
    release: () => {
      for (const port of Object.values<number>(ports)) {
        reservations.prepare('DELETE FROM reservation WHERE port = ? AND pid = ?').run(port, self.pid);
      }
      reservations.close();
    },
  };
}

function candidatesFor(wish: PortWish): number[] {
  if (wish.set) return [wish.set];
  const others = Array.from({ length: CANDIDATES }, () => randomInt(RANDOM_PORT_MIN, RANDOM_PORT_MAX));
  const lastTime = wish.lastTime === undefined ? [] : [wish.lastTime];
  return wish.set === 0 ? [...lastTime, ...others] : [...lastTime, wish.usual, ...others];
}

async function findFree(candidates: readonly number[]): Promise<number[]> {
  const areFree = await Promise.all(candidates.map(isFree));
  return candidates.filter((_, index) => areFree[index]);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function noteOf({ setting, set, usual, lastTime }: PortWish, port: number): string[] {
  if (set !== undefined || port === usual) return [];
  const why = port === lastTime ? `as at the last start, and not ${usual}` : `because ${usual} is taken`;
  return [`${setting}: ${port}, ${why}`];
}

function takenError(wish: PortWish): StackError {
  return new StackError(
    !wish.set
      ? `No free port was found in place of ${wish.usual}. Set ${wish.setting} to one that is free.`
      : `${wish.setting}=${wish.set}: that port on 127.0.0.1 is taken by another program. ` +
          `Stop it, set another port, or leave ${wish.setting} unset and a free one is chosen.`,
  );
}
