/**
 * Statements that PostgreSQL cancels: those that wait too long for the lock of a hot wallet, and those that take longer than a
 * time-out that is far too short.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind, Stage } from './fault.ts';
import { untilDone, pause } from './pause.ts';
import { ORDER_SERVICES } from '../domain/order-services.ts';
import type { DatabaseName, Place } from './stack.ts';

/** The databases of what moves money or goods. */
const MOVING: readonly [DatabaseName, ...DatabaseName[]] = ['wallet-0', 'wallet-1', 'transfer', ...ORDER_SERVICES];
const SHARDS: readonly [Place, ...Place[]] = ['wallet-0', 'wallet-1'];

/** A session keeps the settings of its role from its beginning, so each change ends the existing sessions. */
const timedOut: FaultKind = {
  kind: 'statement time-outs',
  weight: 1,
  draw: (draws) => {
    const place = draws.from(MOVING, 'place');
    const limitMs = draws.whole(1, 4, 'limit');
    const forMs = draws.whole(1_500, 4_000, 'for');
    return {
      name: `statement_timeout of ${place} ${limitMs} ms for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'statement time-outs',
      lastsMs: forMs + 1_000,
      async strike(stage, signal) {
        const role = `${place.split('-')[0]}_service`;
        const database = place.replace('-', '_');
        const change = async (how: string): Promise<void> => {
          // In quotes, because a database is named by a word that SQL has, too: order.
          await stage.stack.rows('transfer', `ALTER ROLE ${role} IN DATABASE "${database}" ${how}`);
          await stage.stack.rows(
            'transfer',
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND datname = $2',
            [role, database],
          );
        };
        await counted(stage, async () => {
          try {
            await untilDone(() => change(`SET statement_timeout = '${limitMs}ms'`));
            await pause(forMs, signal);
          } finally {
            await untilDone(() => change('RESET statement_timeout'));
          }
        });
      },
    };
  },
};

/** Longer than the lock_timeout of the services' roles, 3 s. */
const LOCKED_MS = { min: 3_200, max: 6_500 };

const lockedOut: FaultKind = {
  kind: 'lock time-outs',
  weight: 1,
  draw: (draws) => {
    const place = draws.from(SHARDS, 'shard');
    const share = draws.from([0.2, 0.6, 1], 'share');
    const forMs = draws.whole(LOCKED_MS.min, LOCKED_MS.max, 'for');
    return {
      name: `${share * 100}% of the wallets of ${place} locked for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'lock time-outs',
      lastsMs: forMs + 1_000,
      async strike(stage, signal) {
        await counted(stage, async () => {
          const client = await untilDone(() => stage.stack.databases[place].$client.connect());
          let isBroken = false;
          try {
            await client.query('BEGIN');
            await client.query('SELECT 1 FROM wallets WHERE random() < $1 ORDER BY wallet_id FOR UPDATE', [share]);
            await pause(forMs, signal);
            await client.query('ROLLBACK');
          } catch {
            // Another fault has ended the server, and its locks with it.
            isBroken = true;
          } finally {
            client.release(isBroken);
          }
        });
      },
    };
  },
};

export const statementFaults: readonly FaultKind[] = [timedOut, lockedOut];

/** Counts the statements that PostgreSQL cancels meanwhile, by its log. */
async function counted({ stack, log, met }: Stage, work: () => Promise<void>): Promise<void> {
  const canceled = (): number =>
    readFileSync(join(stack.dataDir, 'logs', 'postgres.log'), 'utf8').split(
      /canceling statement due to (?:statement|lock) timeout/,
    ).length - 1;
  const before = canceled();
  await work();
  const count = Math.max(canceled() - before, 0);
  log(`PostgreSQL canceled ${count} statements that took too long`);
  met('statements canceled by a time-out', count);
}
