// The forms in which a user id may be written: how new ones are judged, and that who has a wallet by a form of an earlier version
// gets no second one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openWallet } from '../../db/wallet/wallet-queries.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import { testApp, type Problem } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';
import { USD } from './wallets.ts';

describe('the forms of a user id', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
  });
  after(() => cluster?.stop());

  const app = () => testApp({ wallets: { shards: stores.wallets.map(({ service }) => service) } }).app;
  const open = async (user_id: string) => {
    const headers = { 'content-type': 'application/json' };
    const response = await app().request('/v1/wallets', { method: 'POST', headers, body: JSON.stringify({ user_id }) });
    return {
      status: response.status,
      body: (await response.json()) as Problem & { readonly user_id: string; readonly wallet_id: string },
    };
  };
  const list = async (userId: string) => {
    const response = await app().request(`/v1/wallets?user_id=${encodeURIComponent(userId)}`);
    const { data } = (await response.json()) as { data: { wallet_id: string }[] };
    return data.map(({ wallet_id: id }) => id);
  };
  /** As a version did that kept every id as it was sent. */
  const openAsBefore = async (userId: string): Promise<WalletId> => {
    const id = walletId(userId, USD);
    const shard = stores.wallets[shardOf(id, stores.wallets.length)]!;
    await openWallet(shard.service, { walletId: id, userId, currency: USD });
    return id;
  };

  test('a user id is one user however its letters are written', async () => {
    const [composed, decomposed] = ['Zoë'.normalize('NFC'), 'Zoë'.normalize('NFD')];
    const first = await open(decomposed);
    assert.deepEqual([first.status, first.body.user_id], [201, composed]);
    for (const form of [composed, decomposed]) {
      const { status, body } = await open(form);
      assert.deepEqual([status, body.wallet_id], [409, first.body.wallet_id]);
      assert.deepEqual(await list(form), [first.body.wallet_id]);
    }
  });

  test('a user whose wallet was opened in NFD has it by either form, and gets no second one', async () => {
    for (const name of ['Chloé', 'Ångström', '\uac01']) {
      const former = name.normalize('NFD');
      const id = await openAsBefore(former);
      for (const form of [former, name.normalize('NFC')]) {
        const { status, body } = await open(form);
        assert.deepEqual([status, body.code, body.wallet_id], [409, 'wallet_exists', id]);
        assert.deepEqual(await list(form), [id]);
      }
      assert.equal((await app().request(`/v1/wallets/${id}`)).status, 200);
    }
  });

  test('a user who got two wallets by two forms is told the one of the form that was sent', async () => {
    const forms = ['Renée'.normalize('NFC'), 'Renée'.normalize('NFD')];
    const ids = await Promise.all(forms.map(openAsBefore));
    for (const [at, form] of forms.entries()) {
      const { status, body } = await open(form);
      assert.deepEqual([status, body.wallet_id], [409, ids[at]]);
      assert.deepEqual((await list(form)).toSorted(), ids.toSorted());
    }
  });

  test('a form that is refused today names the wallet that was opened by it, and opens none', async () => {
    for (const [former, code] of [
      ['alice ', 'blank_at_edge'],
      ['\u00a0alice', 'blank_at_edge'],
      [' ', 'blank_at_edge'],
      ['al\nice', 'character_forbidden'],
      ['al\u202eice', 'character_forbidden'],
      // Its 255 characters have 510 in NFC.
      ['\ufb2c'.repeat(255), 'too_long'],
    ] as const) {
      const refused = await open(former);
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body.errors?.[0]?.pointer],
        [422, code, '/user_id'],
        JSON.stringify(former),
      );
      const id = await openAsBefore(former);
      const { status, body } = await open(former);
      assert.deepEqual([status, body.code, body.wallet_id], [409, 'wallet_exists', id], JSON.stringify(former));
      assert.deepEqual(await list(former), [id]);
    }
  });

  test('every fault of a user id is told, with the character that is forbidden', async () => {
    const { status, body } = await open(' al\u202eice');
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors?.map(({ pointer, code }) => [pointer, code]),
      [
        ['/user_id', 'character_forbidden'],
        ['/user_id', 'blank_at_edge'],
      ],
    );
    assert.match(body.detail ?? '', /^user_id: It has U\+202E\./);
    for (const user_id of [' alice', 'alice\u3000', 'alice\r'])
      assert.equal((await open(user_id)).status, 422, user_id);
    assert.deepEqual([(await open('')).body.code, (await open('a'.repeat(256))).body.code], ['too_short', 'too_long']);
  });
});
