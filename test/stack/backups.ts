// Backups of a stack's databases and of Temporal's, each taken and restored by itself while the stack is stopped: the databases are
// copied within the same PostgreSQL, Temporal's file beside itself.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { cacheDirectory } from '../../dev/cache.ts';
import { ORDER_SERVICES } from '../../domain/order-services.ts';
import { startInfrastructure } from '../../dev/infrastructure.ts';
import { silentProgress } from '../../dev/progress.ts';
import type { TestStack } from './stack.ts';

export const KEPT = ['wallet-0', 'wallet-1', 'transfer', 'events', ...ORDER_SERVICES, 'access', 'temporal'] as const;
export type Kept = (typeof KEPT)[number];

const STOP_LIMIT_MS = 60_000;

/** Backs up everything under a name. */
export async function backUp({ dataDir }: TestStack, name: string): Promise<void> {
  const { directory, copy } = temporalOf(dataDir, name);
  cpSync(directory, copy, { recursive: true });
  await withPostgres(dataDir, async (run) => {
    // Quoted, for order is a word of SQL.
    for (const database of DATABASES) await run(`CREATE DATABASE ${database}_${name} TEMPLATE "${database}"`);
  });
}

/** Restores each from the backup of the given name. */
export async function restore({ dataDir }: TestStack, names: Readonly<Record<Kept, string>>): Promise<void> {
  const { directory, copy } = temporalOf(dataDir, names.temporal);
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  await withPostgres(dataDir, async (run) => {
    for (const database of DATABASES) {
      await run(`DROP DATABASE "${database}"`);
      await run(`CREATE DATABASE "${database}" TEMPLATE ${database}_${names[database.replace('_', '-') as Kept]}`);
    }
  });
}

const DATABASES = KEPT.filter((kept) => kept !== 'temporal').map((kept) => kept.replace('-', '_'));

function temporalOf(dataDir: string, name: string): { directory: string; copy: string } {
  const directory = join(dataDir, 'temporal');
  return { directory, copy: `${directory}-${name}` };
}

async function withPostgres(
  dataDir: string,
  use: (run: (statement: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const servers = await startInfrastructure({
    dataDir,
    cacheDir: cacheDirectory(process.env['XDG_CACHE_HOME']),
    ports: { postgres: 0 },
    // Any address will do, because Temporal is not called.
    temporalAddress: '127.0.0.1:1',
    temporalNamespace: 'default',
    isMigrated: false,
    environment: process.env,
    progress: silentProgress,
    interrupt: new AbortController().signal,
  });
  const url = new URL(servers.databases['transfer']!);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  try {
    await client.connect();
    await use((statement) => client.query(statement));
  } finally {
    await client.end();
    await servers.stop(STOP_LIMIT_MS);
  }
}
