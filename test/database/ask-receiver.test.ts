// Whether a receiver could be credited now: the wallet API says of it what its shard's database says.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serve, type ServerType } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { askReceiverAt, askReceiverIn } from '../../api/wallet/ask-receiver.ts';
import { loadBounds } from '../../api/http/base-app.ts';
import { createWalletApp } from '../../api/wallet-app.ts';
import type { Database } from '../../db/database.ts';
import { setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import type { InstallationId, WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { BALANCE_MAX } from '../../domain/transfer/transfer.ts';
import { startCluster, type TestCluster } from './database.ts';
import { fresh, walletsOver } from './wallets.ts';

const INSTALLATION = {
  installationId: '99999999-9999-4999-8999-999999999999' as InstallationId,
  namespaceId: '88888888-8888-4888-8888-888888888888',
};

describe('the question whether a receiver could be credited', () => {
  let cluster: TestCluster;
  let shards: Database[];
  let server: ServerType;
  before(async () => {
    cluster = await startCluster();
    shards = (await cluster.createStores({ shards: 2 })).wallets.map(({ service }) => service);
    const app = createWalletApp({
      ...{ log: pino({ level: 'silent' }), hosts: [], authentication: 'off', bounds: loadBounds(100), shards },
      installation: async () => INSTALLATION,
      readiness: async () => ({}),
    });
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
  });
  after(async () => {
    server?.close();
    await cluster?.stop();
  });

  test('is answered by the wallet API as by the shards: suspended, too full, or no such reason', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [here, there] = [askReceiverIn(shards), askReceiverAt(url, async () => INSTALLATION, undefined)];
    const wallets = walletsOver(shards);
    const active = await wallets.open(fresh('active'));
    const full = await wallets.open(fresh('full'), '0.0002');
    const suspended = await wallets.open(fresh('suspended'));
    await setWalletStatus(wallets.shardOf(suspended), suspended, 'SUSPENDED');
    const unknown = active.replace(/.$/, (last) => (last === '0' ? '1' : '0')) as WalletId;
    for (const [walletId, amount, reason] of [
      [active, BALANCE_MAX, undefined],
      [full, BALANCE_MAX, 'balance_limit'],
      [suspended, '1.0000', 'receiver_suspended'],
      [unknown, '1.0000', undefined],
    ] as const) {
      assert.equal(await here(DEFAULT_TENANT, walletId, amount), reason);
      assert.equal(await there(DEFAULT_TENANT, walletId, amount), reason);
      assert.equal(await here('another' as Tenant, walletId, amount), undefined, 'another tenant is told nothing');
    }
  });
});
