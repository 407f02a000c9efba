/**
 * A deploy that changes the schema, in the order of docs/deploying.md: a program of the new version that starts too early must
 * refuse the old schema; the migration changes tables and functions under load; the old programs run on the new schema for a
 * while, and are replaced one after the other.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Build } from './build.ts';
import type { FaultKind, Stage } from './fault.ts';
import { migrate } from './migrate.ts';
import { pause } from './pause.ts';
import { tryWorker } from './spare-worker.ts';
import { SERVICES } from './stack.ts';
import { inTurn } from './turns.ts';

const RESPAWN_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 60_000;
const MIGRATION_TRIES = 10;
const TRY_AGAIN_MS = 2_000;
const KIND = 'schema migrated';

export const migrationFault: FaultKind = {
  kind: KIND,
  weight: 1,
  draw: (draws) => {
    const mixedMs = draws.whole(2_000, 8_000, 'mixed');
    return {
      name: `a migration under load, and ${(mixedMs / 1_000).toFixed(1)} s of the old version on the new schema`,
      kind: KIND,
      lastsMs: mixedMs + 14_000,
      strike: (stage, signal) => inTurn(stage.stack, 'deploy', () => deploy(stage, signal, mixedMs)),
    };
  },
};

async function deploy({ stack, log, met, recovered, violation }: Stage, signal: AbortSignal, mixedMs: number) {
  const number = addMigrations(stack.build);
  const early = await tryWorker(stack, 'worker-wallet-0');
  if (early.works) violation('a worker works with a schema that lacks a migration');
  if (early.output.includes('migrate it first')) met('programs that refused a schema of before', 1);
  // Another fault may end the migration or keep it from its locks; then it has changed nothing, and is run again.
  let failure = await failureOf(stack);
  for (let tried = 1; failure !== undefined && tried < MIGRATION_TRIES; tried += 1) {
    log(`the migration failed: ${failure.split('\n').at(-1)}`);
    await sleep(TRY_AGAIN_MS);
    failure = await failureOf(stack);
  }
  if (failure !== undefined) violation(`the migration still fails: ${failure}`);
  await pause(mixedMs, signal);
  for (const name of SERVICES) await stack.killAndAwaitNext(name, 'SIGTERM', RESPAWN_LIMIT_MS);
  await stack.waitUntilReady(READY_LIMIT_MS);
  log(`the schema has had migration ${number}, and every service was replaced`);
  recovered('every service was replaced by a version with another schema');
}

/** The tables that every movement, and every order, writes. */
const TABLES = {
  wallet: ['wallets', 'ledger_entries', 'operation_fences'],
  transfer: ['transfers', 'cases'],
  order: ['orders', 'consignments'],
  inventory: ['stock', 'stock_entries', 'reservations', 'step_fences'],
  delivery: ['shipments', 'step_fences'],
  accounting: ['invoices', 'accounts', 'step_fences'],
};

/** Adds migrations to the copy of the sources: another column in each of these tables. Returns the highest of their numbers. */
function addMigrations({ directory }: Build): number {
  const numbers = Object.entries(TABLES).map(([service, tables]) => {
    const folder = join(directory, 'db', service, 'migrations');
    const file = join(folder, 'meta/_journal.json');
    const journal = JSON.parse(readFileSync(file, 'utf8')) as { entries: { idx: number; when: number; tag: string }[] };
    const last = journal.entries.at(-1)!;
    const entry = { ...last, idx: last.idx + 1, when: last.when + 1, tag: `${last.idx + 1}_nemesis` };
    const statements = tables.map((table) => `ALTER TABLE ${table} ADD COLUMN nemesis_${entry.idx} integer;`);
    writeFileSync(join(folder, `${entry.tag}.sql`), statements.join('--> statement-breakpoint\n'));
    writeFileSync(file, JSON.stringify({ ...journal, entries: [...journal.entries, entry] }));
    return entry.idx;
  });
  return Math.max(...numbers);
}

/** Runs the migration; returns its failure, or undefined if it went through. */
function failureOf(stack: Stage['stack']): Promise<string | undefined> {
  return migrate(stack).then(
    () => undefined,
    (error: Error) => error.message,
  );
}
