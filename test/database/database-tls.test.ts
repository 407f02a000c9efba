// TLS to a real PostgreSQL: with sslmode=verify-full, nobody without a certificate for the host is given a password.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type TestCluster } from './database.ts';

describe('a PostgreSQL with TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'database-tls-'));
  const at = (name: string): string => join(directory, name);
  let cluster: TestCluster;

  before(async () => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=database'];
    for (const name of ['own', 'foreign']) {
      const files = [
        '-keyout',
        at(`${name}.key`),
        '-out',
        at(`${name}.pem`),
        '-addext',
        'subjectAltName=DNS:localhost',
      ];
      execFileSync('openssl', ['req', '-x509', '-days', '2', ...curve, ...files], { stdio: 'pipe' });
    }
    // The server, which may run as another user, reads a key of root's only if nobody but its group may.
    chmodSync(directory, 0o755);
    makeReadable(at('own.key'));
    cluster = await startCluster(['ssl=on', `ssl_cert_file=${at('own.pem')}`, `ssl_key_file=${at('own.key')}`]);
  });
  after(async () => {
    await cluster?.stop();
    rmSync(directory, { recursive: true });
  });

  const isEncrypted = async (host: string, query: string): Promise<boolean | undefined> => {
    const url = new URL(cluster.urls('postgres', 'wallet').adminUrl);
    url.hostname = host;
    url.search = query;
    const statement = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    return (await cluster.open(url.href, 1).$client.query<{ ssl: boolean }>(statement)).rows[0]?.ssl;
  };
  const causeOf = (error: unknown): string => String((error as { cause?: unknown }).cause ?? error);

  test('is reached where its certificate is of the authority that the URL names, for the host that it names', async () => {
    assert.equal(await isEncrypted('localhost', `?sslmode=verify-full&sslrootcert=${at('own.pem')}`), true);
  });

  test('is not believed by another authority, by the usual ones, or under another name', async () => {
    for (const [host, query, reason] of [
      ['localhost', `?sslmode=verify-full&sslrootcert=${at('foreign.pem')}`, /self-signed|unable to verify/i],
      ['localhost', '?sslmode=verify-full', /self-signed/i],
      ['127.0.0.1', `?sslmode=verify-full&sslrootcert=${at('own.pem')}`, /altnames|does not match/i],
    ] as const)
      await assert.rejects(
        isEncrypted(host, query),
        (error) => reason.test(causeOf(error)) || assert.fail(causeOf(error)),
      );
  });

  test('is reached without TLS, or unverified, only where the URL says so', async () => {
    assert.equal(await isEncrypted('localhost', '?sslmode=disable'), false);
    assert.equal(await isEncrypted('localhost', '?sslmode=no-verify'), true);
  });
});

/** As root, the file is given to the group of the user that the server runs as. */
function makeReadable(file: string): void {
  if (process.getuid?.() !== 0) return;
  chmodSync(file, 0o640);
  for (const user of ['postgres', '_postgres', 'nobody'])
    try {
      chownSync(file, 0, Number(execFileSync('id', ['-g', user], { encoding: 'utf8', stdio: 'pipe' })));
      return;
    } catch {
      // There is no such user.
    }
}
