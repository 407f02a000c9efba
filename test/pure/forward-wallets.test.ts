// The forwarding of wallet requests to the wallet API, which believes whatever the transfer API asks: so nothing but the paths of wallets gets
// there, however it is written.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SENDER, testApp } from './api-fakes.ts';

describe('the forwarding of wallet requests', () => {
  const asked: string[] = [];
  const walletApi = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  let forwarding: ReturnType<typeof testApp>['app'];
  before(async () => {
    walletApi.listen(0, '127.0.0.1');
    await once(walletApi, 'listening');
    const walletApiUrl = `http://127.0.0.1:${(walletApi.address() as AddressInfo).port}`;
    forwarding = testApp({ wallets: { walletApiUrl } }).app;
  });
  after(() => void walletApi.close());

  test('asks for the paths of wallets as they were asked for', async () => {
    for (const path of [
      `/v1/wallets/${SENDER}`,
      `/v1/wallets/${SENDER}/entries?limit=1`,
      '/v1/wallets?user_id=%5C..%5C',
    ]) {
      asked.length = 0;
      assert.equal((await forwarding.request(path)).status, 200, path);
      assert.deepEqual(asked, [path]);
    }
  });

  test('asks for no path that an id leads to, such as the legs of anybody’s movement', async () => {
    asked.length = 0;
    const legs = `v1%5Cmovements%5C${SENDER}%5Clegs`;
    for (const id of [`..%5C..%5C${legs}`, `..%5c..%5c${legs}`, `x%5C..%5C..%5C..%5C${legs}`, `%09..%5C..%5C${legs}`]) {
      const response = await forwarding.request(`/v1/wallets/${id}`);
      assert.equal(response.status, 422, id);
      assert.equal(((await response.json()) as { code: string }).code, 'wallet_id_invalid');
    }
    assert.deepEqual(asked, []);
  });
});
