// An installation is the databases that were bound together, and no others. Every connection of a service checks that.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import {
  bindInstallation,
  faultsOf,
  readBindings,
  rebindInstallation,
  type BoundDatabase,
} from '../../db/bind-installation.ts';
import { closeDatabases, openDatabase, type Database } from '../../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../../db/installation.ts';
import { InstallationError } from '../../domain/installation.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';

const NAMESPACE = 'namespace-of-the-tests';

describe('an installation', () => {
  let cluster: TestCluster;
  const opened: Database[] = [];
  before(async () => {
    cluster = await startCluster();
  });
  after(async () => {
    await closeDatabases(opened);
    await cluster?.stop();
  });

  /** As a service opens it. */
  function open({ serviceUrl }: Pick<TestDatabase, 'serviceUrl'>, guard: InstallationGuard): Database {
    const database = openDatabase(serviceUrl, {
      applicationName: 'counterpoise-test',
      connectionsMax: 2,
      queryTimeoutMs: 15_000,
      admit: guard.admit(serviceUrl.includes('wallet_service') ? 'wallet' : 'transfer'),
    });
    opened.push(database);
    return database;
  }

  function databasesOf({ transfer, wallets }: TestStores): BoundDatabase[] {
    return [
      { name: 'transfer', adminUrl: transfer.adminUrl },
      ...wallets.map(({ adminUrl }, shard) => ({ name: `wallet-${shard}`, adminUrl })),
    ];
  }

  async function refused(database: Database, why: RegExp): Promise<void> {
    await assert.rejects(
      () => database.execute(sql`SELECT 1`),
      ({ cause }: Error) => cause instanceof InstallationError && why.test(cause.message),
    );
  }

  test('has one id in all of its databases, however many migrations bind them at once', async () => {
    const databases = databasesOf(await cluster.createStores());
    const ids = await Promise.all(Array.from({ length: 16 }, () => bindInstallation(databases, NAMESPACE)));
    const bindings = await readBindings(databases);
    assert.equal(new Set([...ids, ...bindings.map(({ installationId }) => installationId)]).size, 1);
    assert.deepEqual(faultsOf(bindings, NAMESPACE), []);
    assert.equal(await bindInstallation(databases, NAMESPACE), ids[0], 'a repeat changes nothing');
  });

  test('is bound to its end by the next migration when the first was interrupted', async () => {
    const stores = await cluster.createStores();
    const [first, ...others] = databasesOf(stores);
    const id = await bindInstallation([first!], NAMESPACE);
    assert.equal(await bindInstallation([first!, ...others], NAMESPACE), id);
    assert.deepEqual(faultsOf(await readBindings([first!, ...others]), NAMESPACE), []);
  });

  test('takes in a database that it did not have before', async () => {
    const [one, other] = [await cluster.createStores(), await cluster.createStores()];
    const id = await bindInstallation(databasesOf(one), NAMESPACE);
    const more = [...databasesOf(one), { name: 'another-service', adminUrl: other.transfer.adminUrl }];
    assert.equal(await bindInstallation(more, NAMESPACE), id);
  });

  test('a process is refused the database of another one, on every new connection', async () => {
    const [own, foreign] = [await cluster.createStores(), await cluster.createStores()];
    await bindInstallation(databasesOf(own), NAMESPACE);
    await bindInstallation(databasesOf(foreign), 'another namespace');
    const guard = guardInstallation();
    const transfer = open(own.transfer, guard);
    assert.equal((await installationOf(guard, transfer)).namespaceId, NAMESPACE);
    await open(own.wallets[0]!, guard).execute(sql`SELECT 1`);
    await refused(open(foreign.wallets[1]!, guard), /databases of two installations/);
    await open(own.wallets[1]!, guard).execute(sql`SELECT 1`);

    // The same address may lead to another database when a connection is made anew.
    await rowsOf(own.transfer.admin, `UPDATE installation SET installation_id = '${randomUUID()}'`);
    await transfer.execute(sql`SELECT 1`);
    await rowsOf(
      own.transfer.admin,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'transfer_service'`,
    );
    await assert.rejects(async () => {
      for (let n = 0; n < 20; n += 1) await transfer.execute(sql`SELECT 1`).catch(ignoreBrokenConnection);
    }, /Failed query/);
    await refused(transfer, /databases of two installations/);
  });

  test('a database that is not bound is refused, and so is one that was never migrated', async () => {
    const stores = await cluster.createStores();
    await refused(open(stores.transfer, guardInstallation()), /migrate it first/);
    await rowsOf(stores.transfer.admin, 'DROP TABLE installation');
    await refused(open(stores.transfer, guardInstallation()), /migrate it first/);
  });

  test('a database that has had fewer migrations than the program needs is refused, and one that has had more is not', async () => {
    const stores = await cluster.createStores();
    await bindInstallation(databasesOf(stores), NAMESPACE);
    const applied = 'migrations.__drizzle_migrations';
    for (const { admin, ...database } of [stores.transfer, ...stores.wallets]) {
      await rowsOf(
        admin,
        `INSERT INTO ${applied} (hash, created_at) SELECT 'of the next version', max(created_at) + 1 FROM ${applied}`,
      );
      await open(database, guardInstallation()).execute(sql`SELECT 1`);
      await rowsOf(admin, `DELETE FROM ${applied} WHERE id IN (SELECT id FROM ${applied} ORDER BY id DESC LIMIT 2)`);
      await refused(
        open(database, guardInstallation()),
        /has had \d+ migrations, and this program needs \d+: migrate it first/,
      );
    }
  });

  test('a copy of a database is refused until somebody says what it is', async () => {
    const stores = await cluster.createStores();
    const databases = databasesOf(stores);
    const id = await bindInstallation(databases, NAMESPACE);
    const copied = cluster.urls(`copy_of_${randomUUID().slice(0, 8)}`, 'transfer');
    await copyOf(stores.transfer, copied.adminUrl);

    await refused(open(copied, guardInstallation()), /is a copy, or was restored or moved/);
    const copies = [{ name: 'transfer', adminUrl: copied.adminUrl }, ...databases.slice(1)];
    await assert.rejects(() => bindInstallation(copies, NAMESPACE), /copied, restored, upgraded or moved.*: transfer/);

    await assert.rejects(() => rebindInstallation(copies, NAMESPACE, 'copy'), /a copy needs one of its own/);
    assert.equal(await rebindInstallation(copies, NAMESPACE, 'moved'), id);
    assert.equal((await installationOf(...opening(copied))).installationId, id);
    const other = await rebindInstallation(copies, 'another namespace', 'copy');
    assert.notEqual(other, id);
    assert.deepEqual(await installationOf(...opening(copied)), {
      installationId: other,
      namespaceId: 'another namespace',
    });
    assert.deepEqual(faultsOf(await readBindings(copies), 'another namespace'), []);
  });

  test('one whose database was lost and made anew is not bound again unasked', async () => {
    const [stores, empty] = [await cluster.createStores(), await cluster.createStores()];
    const databases = databasesOf(stores);
    await bindInstallation(databases, NAMESPACE);
    for (const lost of [0, 2]) {
      const withEmpty = databases.map((database, index) =>
        index === lost ? { ...database, adminUrl: databasesOf(empty)[index]!.adminUrl } : database,
      );
      await assert.rejects(() => bindInstallation(withEmpty, NAMESPACE), /bound to none/);
    }
  });

  test('databases of two of them are not bound together, and not to another namespace unasked', async () => {
    const [one, other] = [await cluster.createStores(), await cluster.createStores()];
    await bindInstallation(databasesOf(one), NAMESPACE);
    await bindInstallation(databasesOf(other), NAMESPACE);
    const mixed = [...databasesOf(one).slice(0, 2), databasesOf(other)[2]!];
    await assert.rejects(() => bindInstallation(mixed, NAMESPACE), /different installations: .*wallet-1 is of/);
    await assert.rejects(() => rebindInstallation(mixed, NAMESPACE, 'moved'), /not one installation that was moved/);
    await assert.rejects(
      () => bindInstallation(databasesOf(one), 'made anew'),
      /bound to the Temporal namespace namespace-of-the-tests, while the settings name made anew: transfer, wallet-0, wallet-1/,
    );
    await rebindInstallation(databasesOf(one), 'made anew', 'moved');
    await bindInstallation(databasesOf(one), 'made anew');
  });

  function opening(database: { serviceUrl: string }): [InstallationGuard, Database] {
    const guard = guardInstallation();
    return [guard, open(database, guard)];
  }

  async function copyOf(original: TestDatabase, adminUrl: string): Promise<void> {
    const name = (url: string): string => new URL(url).pathname.slice(1);
    const postgres = cluster.open(Object.assign(new URL(adminUrl), { pathname: '/postgres' }).href, 1);
    await rowsOf(
      postgres,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name(original.adminUrl)}'`,
    );
    await rowsOf(postgres, `CREATE DATABASE "${name(adminUrl)}" TEMPLATE "${name(original.adminUrl)}"`);
  }
});

/** A pool hands out what has been ended from outside once more, before it makes a new connection. */
function ignoreBrokenConnection(error: Error): void {
  if (error.cause instanceof InstallationError) throw error;
}
