// A database of a consumer's own, a log in it to read from, and a handler whose effects show every repeat.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { CONSUMER_TABLES, type Connection, type Event, type EventSource } from '../../client/consumer/consumer.ts';
import { pause } from '../../client/consumer/pause.ts';
import type { Database } from '../../db/database.ts';
import type { TestCluster } from './database.ts';

export interface ConsumerDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Appends events of these subjects to the log. */
  readonly append: (...subjects: string[]) => Promise<void>;
  /** The ids of the events that took effect, in the order of their effects. */
  readonly effects: () => Promise<string[]>;
  readonly rows: <Row>(statement: string) => Promise<Row[]>;
}

const EVENT = `json_build_object('position', position, 'specversion', '1.0', 'id', 'test.happened/' || position, 'source', 'urn:test',
  'type', 'test.happened', 'subject', subject, 'time', '2026-01-31T12:00:00.000Z', 'datacontenttype', 'application/json',
  'dataschema', 'urn:test', 'data', json_build_object('amount', '1.0000'))`;

let databases = 0;

export async function createConsumerDatabase(cluster: TestCluster): Promise<ConsumerDatabase> {
  const name = `consumer_${(databases += 1)}`;
  await cluster.open(cluster.urls('postgres', 'events').adminUrl).$client.query(`CREATE DATABASE ${name}`);
  const url = cluster.urls(name, 'events').adminUrl;
  const database: Database = cluster.open(url);
  const pool = database.$client;
  await pool.query(CONSUMER_TABLES);
  await pool.query(`
    CREATE TABLE log (position bigint PRIMARY KEY, subject text NOT NULL);
    CREATE TABLE effects (place bigserial, event_id text NOT NULL, process int NOT NULL DEFAULT pg_backend_pid())`);
  const rows = async <Row>(statement: string): Promise<Row[]> => (await pool.query(statement)).rows as Row[];
  return {
    url,
    pool,
    rows,
    append: async (...subjects) => {
      await pool.query(
        `INSERT INTO log SELECT (SELECT coalesce(max(position), 0) FROM log) + n, s FROM unnest($1::text[]) WITH ORDINALITY g (s, n)`,
        [subjects],
      );
    },
    effects: async () =>
      (await rows<{ event_id: string }>('SELECT event_id FROM effects ORDER BY place')).map(({ event_id }) => event_id),
  };
}

/** The log of such a database; `hasOrder: false` as Kafka is: it keeps its own place, and begins anew with each reader. */
export function tableSource(pool: pg.Pool, pageSize = 10, hasOrder = true): EventSource {
  return {
    async *read(from, signal) {
      for (let after = hasOrder ? from : 0; !signal.aborted;) {
        const { rows } = await pool.query<{ event: Event }>(
          `SELECT ${EVENT} AS event FROM log WHERE position > $1 ORDER BY position LIMIT $2`,
          [after, pageSize],
        );
        const events = rows.map(({ event }) => event);
        if (events.length === 0) {
          await pause(20, signal);
          continue;
        }
        after = events.at(-1)!.position;
        yield { events, ...(hasOrder ? { readTo: after } : {}) };
      }
    },
  };
}

export async function writeEffect(event: Event, connection: Connection): Promise<void> {
  await connection.query('INSERT INTO effects (event_id) VALUES ($1)', [event.id]);
}

export interface ConsumerProcess {
  readonly child: ChildProcess;
  /** Returns once the process has said it. */
  readonly said: (word: string) => Promise<void>;
  readonly exited: Promise<unknown>;
}

/** A consumer as a process of its own, see consumer-process.ts. `ends` is when it kills or freezes itself, and at which event. */
export function startConsumer(
  url: string,
  ends: 'never' | 'killed' | 'frozen' | 'exits',
  eventId = '',
): ConsumerProcess {
  const file = fileURLToPath(new URL('consumer-process.ts', import.meta.url));
  const child = spawn(process.execPath, [file, url, ends, eventId], { stdio: ['pipe', 'pipe', 'inherit'] });
  const words = new Set<string>();
  let tell = (): void => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    words.add(line);
    tell();
  });
  return {
    child,
    exited: once(child, 'exit'),
    async said(word) {
      while (!words.has(word)) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
}

export async function until(what: string, isSo: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(20, new AbortController().signal);
  }
}
