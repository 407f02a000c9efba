/**
 * `npm run bench:large-log`: whether the event log is read and appended to as fast when it has ten million events as when it has ten
 * thousand. Fills databases of its own and asks both in turns, so that other load on the machine affects both alike. A reading is
 * `GET /v1/events` until its answer is parsed; the statement alone is told beside it, and is no goal: a page from anywhere in the
 * large log is not in PostgreSQL's shared buffers, and the whole of the small one is. `--events N` makes the large one smaller; `--json`:
 * one object on the last line. Exits 1 if one of the rates falls below 0.9.
 */
import pg from 'pg';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { takeLease, type Lease } from '../db/events/lease-queries.ts';
import { appendEvents, extendLog, openCursor, readHead, readLog, type OutboxCursor } from '../db/events/log-queries.ts';
import type { Database } from '../db/database.ts';
import type { CloudEvent } from '../domain/event.ts';
import { EXIT } from '../process/exit-code.ts';
import { testApp } from '../test/pure/api-fakes.ts';
import { rowsOf, startCluster, type TestCluster } from '../test/database/database.ts';
import { inTwoSizes } from './two-sizes.ts';

const USAGE = 'Usage: npm run bench:large-log -- [--events N] [--json]';
const SMALL = 10_000;
const RATIO_MIN = 0.9;
const PAGE = 1_000;
/** In one statement, to fill the log. */
const FILLED_AT_ONCE = 250_000;

interface Log {
  readonly database: Database;
  readonly lease: Lease;
  readonly cursor: OutboxCursor;
  readonly app: ReturnType<typeof testApp>['app'];
  head: number;
}

const flags = readArguments();
const large = wholeNumber('--events', flags.events ?? '10000000', { min: SMALL, max: 1e9, usage: USAGE });
const say = (text: string): void => void (flags.json ? process.stderr : process.stdout).write(`${text}\n`);

function readArguments() {
  try {
    return readFlags({ json: { type: 'boolean' }, events: { type: 'string' } }, USAGE);
  } catch (error) {
    console.error(isExplained(error) ? error.message : error);
    process.exit(exitCodeFor(error));
  }
}

async function filledLog(cluster: TestCluster, count: number): Promise<Log> {
  const startedAt = performance.now();
  const { events } = await cluster.createStores({ shards: 1 });
  const database = events.service;
  for (let from = 0; from < count; from += FILLED_AT_ONCE) {
    const to = Math.min(count, from + FILLED_AT_ONCE);
    for (let reached = 0; reached < to;) reached = await extendLog(database, to);
    await rowsOf(
      events.admin,
      `INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT n, 'transfer.completed/' || id, 'transfer.completed', id, now(), 'transfer', json_build_object('specversion', '1.0', 'id',
         'transfer.completed/' || id, 'source', 'urn:counterpoise:transfer', 'type', 'transfer.completed', 'subject', id, 'time', now(),
         'datacontenttype', 'application/json', 'dataschema', 'urn:counterpoise:event:transfer.completed:v1',
         'requestid', id, 'data', json_build_object('transfer_id', id)), sha256(id::text::bytea)
       FROM generate_series(${from + 1}, ${to}) n CROSS JOIN LATERAL (SELECT md5(n::text)::uuid AS id OFFSET 0) named`,
    );
    await rowsOf(events.admin, `UPDATE log_head SET position = ${to}`);
  }
  // Without the time-out of other statements.
  const client = new pg.Client({ connectionString: events.adminUrl });
  await client.connect();
  await client.query('VACUUM (ANALYZE, FREEZE) event_log');
  await client.query('CHECKPOINT');
  await client.end();
  const lease = await takeLease(database, 'relay', 'bench', 3_600_000);
  const cursor = await openCursor(database, 'transfer', '');
  say(`filled with ${count} events (${((performance.now() - startedAt) / 1_000).toFixed(0)} s)`);
  const { app } = testApp({ eventsDatabase: database });
  return { database, app, lease: lease!, cursor, head: (await readHead(database)).position };
}

type Work = (log: Log, round: number) => Promise<number>;

async function read({ app }: Log, after: number): Promise<number> {
  const response = await app.request(`/v1/events?after=${after}&limit=${PAGE}`);
  const { data } = (await response.json()) as { data: unknown[] };
  return data.length;
}

/** A place of its own for each round, spread evenly over the log. */
function anywhere({ head }: Log, round: number): number {
  return Math.floor((head - PAGE) * ((round * 0.618_034) % 1));
}

const ONLY_TOLD = 'read anywhere, the statement alone';

/** Each returns how many events it has read or appended. */
const WORK: Readonly<Record<string, Work>> = {
  'read at the end': (log) => read(log, log.head - PAGE),
  'read anywhere': (log, round) => read(log, anywhere(log, round)),
  [ONLY_TOLD]: async (log, round) => (await readLog(log.database, anywhere(log, round), PAGE, {}, PAGE)).events.length,
  'appended to': async (log) => {
    await extendLog(log.database, log.head + PAGE);
    const events = Array.from({ length: PAGE }, (_, n) => eventNumber(log.head + n));
    if (!(await appendEvents(log.database, log.lease, log.head, events, log.cursor)))
      throw new Error('nothing was appended');
    log.head += PAGE;
    return PAGE;
  },
};

function eventNumber(n: number): { event: CloudEvent; payload: string; chain: string } {
  const subject = `11f0c2a4-5b6d-8e7f-8a9b-${n.toString(16).padStart(12, '0')}`;
  const event: CloudEvent = {
    specversion: '1.0',
    id: `transfer.completed/${subject}`,
    source: 'urn:counterpoise:transfer',
    type: 'transfer.completed',
    subject,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: 'urn:counterpoise:event:transfer.completed:v1',
    requestid: subject,
    data: { transfer_id: subject },
  };
  return { event, payload: JSON.stringify(event), chain: '00'.repeat(32) };
}

async function timed(work: (log: Log, round: number) => Promise<number>, log: Log, round: number): Promise<number> {
  const startedAt = performance.now();
  const count = await work(log, round);
  if (count !== PAGE) throw new Error(`${count} events in place of ${PAGE}`);
  return performance.now() - startedAt;
}

const cluster = await startCluster();
try {
  const logs = { small: await filledLog(cluster, SMALL), large: await filledLog(cluster, large) };
  say(`| a page of ${PAGE} | ms at ${SMALL} | ms at ${large} | rate, large to small |\n|---|---|---|---|`);
  const ratios: Record<string, number> = {};
  for (const [name, work] of Object.entries(WORK)) {
    const { smallMs, largeMs, ratio } = await inTwoSizes(logs.small, logs.large, (log, round) =>
      timed(work, log, round),
    );
    ratios[name] = ratio;
    say(`| ${name} | ${smallMs.toFixed(2)} | ${largeMs.toFixed(2)} | ${ratio.toFixed(2)} |`);
  }
  const ok = Object.entries(ratios).every(([name, ratio]) => name === ONLY_TOLD || ratio >= RATIO_MIN);
  if (flags.json) console.log(JSON.stringify({ ok, ratioMin: RATIO_MIN, events: [SMALL, large], ratios }));
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
} finally {
  await cluster.stop();
}
