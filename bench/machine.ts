/** The machine and the versions of a run of the bench, for comparisons of its figures with others. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import pg from 'pg';

const GB = 1_024 ** 3;

/** `url` names any database of the PostgreSQL server that was measured. */
export async function describeMachine(url: string): Promise<Record<string, string>> {
  const { version, dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const commit = await commitOf();
  return {
    Date: new Date().toISOString().slice(0, 10),
    Counterpoise: commit === undefined ? version : `${version} (${commit})`,
    Machine: `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / GB)} GB, ${type()} ${release()}`,
    Node: process.versions.node,
    PostgreSQL: await postgresVersion(url),
    'Temporal SDK': dependencies['@temporalio/worker']!,
  };
}

async function postgresVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]!.server_version;
}

/** The commit that was measured; undefined outside of a repository. */
async function commitOf(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--dirty'], {
      cwd: new URL('..', import.meta.url),
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
