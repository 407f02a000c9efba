// Who is let in: all that is wrong with a key is answered alike, rates hold before anything is stored, and guesses are bounded.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Authenticator } from '../../api/http/authenticate.ts';
import { isWithin } from '../../api/http/authenticate.ts';
import { countFailures } from '../../api/http/failed-authentications.ts';
import { limitRates } from '../../api/http/key-rates.ts';
import { createTokenBuckets } from '../../api/http/token-buckets.ts';
import { drawApiKey, type Holder } from '../../domain/access/api-key.ts';
import { readSettings, SettingsError } from '../../process/config.ts';
import { acceptOnly, keyHolder } from './api-holders.ts';
import { RECEIVER, SENDER, testApp } from './api-fakes.ts';

const PATH = '/v1/event-types';
const KEY = drawApiKey(randomInt);

function askedBy(authentication: Authenticator) {
  const { app, lines } = testApp({ authentication });
  const ask = (headers: Record<string, string> = {}, from = '192.0.2.7', path = PATH) =>
    app.request(path, { headers }, { incoming: { socket: { remoteAddress: from } } });
  return { app, lines, ask };
}

/** Knows one key, once it was looked up. */
function lookingUp(secret: string, holder: Holder): Authenticator & { lookUps: string[] } {
  const lookUps: string[] = [];
  let isKnown = false;
  return {
    lookUps,
    known: (given) => (isKnown && given === secret ? holder : undefined),
    async lookUp(given) {
      lookUps.push(given);
      if (given !== secret) return undefined;
      isKnown = true;
      return holder;
    },
  };
}

describe('authentication', () => {
  test('answers everything that is wrong with a key alike, and writes no key into the log', async () => {
    const { ask, lines } = askedBy(lookingUp(KEY, keyHolder({ cidrs: ['10.0.0.0/8'] })));
    const wrong: Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: `Basic ${KEY}` },
      { authorization: KEY },
      { authorization: `Bearer ${KEY} x` },
      { authorization: `Bearer ${KEY.slice(0, -1)}` },
      { authorization: `Bearer ${drawApiKey(randomInt)}` },
      // From another network than it may.
      { authorization: `Bearer ${KEY}` },
    ];
    const answers = await Promise.all(
      wrong.map(async (headers) => {
        const response = await ask(headers);
        const { request_id: _, ...problem } = (await response.json()) as Record<string, unknown>;
        return [response.status, response.headers.get('www-authenticate'), problem];
      }),
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.deepEqual(answers[0]!.slice(0, 2), [401, 'Bearer']);
    assert.equal((await ask({ authorization: `bearer ${KEY}` }, '10.1.2.3')).status, 200);
    assert.equal((await ask({ authorization: `Bearer ${KEY}` }, '::ffff:10.1.2.3')).status, 200);
    assert.equal((await ask({ authorization: `Bearer ${KEY}` })).status, 401);
    assert.ok(!JSON.stringify(lines()).includes('cpk_'));
  });

  test('needs no key for health and documentation, and tells of a route that is not there as before', async () => {
    const { ask } = askedBy(lookingUp(KEY, keyHolder()));
    for (const path of ['/health', '/docs', '/openapi.json', '/asyncapi.json', '/'])
      assert.equal((await ask({}, '192.0.2.7', path)).status, 200, path);
    assert.equal((await ask({}, '192.0.2.7', '/v1/nothing')).status, 404);
  });

  test('of an address that has failed too often looks up nothing more, but for keys that are known', async () => {
    const authenticator = lookingUp(KEY, keyHolder());
    const { ask } = askedBy(authenticator);
    assert.equal((await ask({ authorization: `Bearer ${KEY}` })).status, 200);
    const statuses: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      const response = await ask({ authorization: `Bearer ${drawApiKey(randomInt)}` });
      statuses.push(response.status);
      if (response.status === 429) assert.match(response.headers.get('retry-after')!, /^\d+$/);
    }
    assert.ok(statuses.filter((status) => status === 401).length <= 25, statuses.join());
    assert.equal(statuses.at(-1), 429);
    assert.ok(authenticator.lookUps.length <= 26);
    assert.equal((await ask({ authorization: `Bearer ${KEY}` })).status, 200);
    assert.equal((await ask({ authorization: `Bearer ${drawApiKey(randomInt)}` }, '192.0.2.8')).status, 401);
  });

  test('keeps so many addresses and no more, and a network of IPv6 as one', () => {
    let now = 0;
    const failures = countFailures(100, () => now);
    for (let n = 0; n < 10_000; n += 1) failures.count(`10.0.${n >> 8}.${n & 255}`);
    assert.equal(failures.size(), 100);
    for (let n = 0; n < 20; n += 1) failures.count(`2001:db8:1:2::${n.toString(16)}`);
    assert.equal(failures.waitSeconds('2001:db8:1:2:ffff::1'), 1);
    assert.equal(failures.waitSeconds('2001:db8:1:3::1'), undefined);
    now += 1_000;
    assert.equal(failures.waitSeconds('2001:db8:1:2::1'), undefined);
  });
});

test('every answer forbids a browser to keep it, to guess its type, to run or frame it; the documentation may run its own', async () => {
  const { ask } = askedBy(acceptOnly(keyHolder()));
  for (const path of ['/v1/event-types', '/v1/wallets/x', '/v1/nothing', '/health', '/openapi.json', '/docs']) {
    const { headers } = await ask({ authorization: `Bearer ${KEY}` }, '192.0.2.7', path);
    const shown = ['cache-control', 'x-content-type-options', 'referrer-policy', 'x-frame-options'].map((name) =>
      headers.get(name),
    );
    assert.deepEqual(shown, ['no-store', 'nosniff', 'no-referrer', 'DENY'], path);
    assert.match(headers.get('content-security-policy')!, path === '/docs' ? /'self'/ : /^default-src 'none'/, path);
  }
});

describe('the rate of a key', () => {
  test('refuses what is beyond it before anything is stored, and says when to come again', async () => {
    const { app } = askedBy(acceptOnly(keyHolder({ rate: { perSecond: 1, burst: 3 } })));
    const post = () =>
      app.request('/v1/transfers', {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': 'k' },
        // A body that is refused: any use of the database would be a 500.
        body: JSON.stringify({ sender_wallet_id: SENDER, receiver_wallet_id: SENDER, amount: '1' }),
      });
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await post()).status);
    assert.deepEqual(statuses, [422, 422, 422, 429, 429]);
    const refused = await post();
    assert.deepEqual(
      [refused.headers.get('retry-after'), ((await refused.json()) as { code: string }).code],
      ['1', 'rate_exceeded'],
    );
  });

  test('counts a batch as its items, which the requests after it wait for', async () => {
    const { app, ask } = askedBy(acceptOnly(keyHolder({ rate: { perSecond: 10, burst: 10 } })));
    const items = Array.from({ length: 51 }, () => ({
      sender_wallet_id: SENDER,
      receiver_wallet_id: RECEIVER,
      amount: '1',
    }));
    await app.request('/v1/transfer-batches', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: JSON.stringify({ items }),
    });
    const refused = await ask({ authorization: `Bearer ${KEY}` });
    assert.equal(refused.status, 429);
    // 51 of 10, at 10 a second.
    assert.ok(['4', '5'].includes(refused.headers.get('retry-after')!), refused.headers.get('retry-after')!);
  });

  test('fills up by time, to its burst and no further, and is kept for so many keys', () => {
    let now = 0;
    const rates = limitRates(2, () => now);
    const holder = keyHolder({ rate: { perSecond: 2, burst: 2 } });
    for (let n = 0; n < 2; n += 1) rates.charge(holder);
    assert.throws(() => rates.charge(holder), { code: 'rate_exceeded' });
    now += 500;
    rates.charge(holder);
    now += 60_000;
    for (let n = 0; n < 2; n += 1) rates.charge(holder);
    assert.throws(() => rates.charge(holder), { code: 'rate_exceeded' });
    const buckets = createTokenBuckets(5, () => now);
    for (let n = 0; n < 100; n += 1) buckets.take(`${n}`, { perSecond: 1, burst: 1 }, 1);
    assert.equal(buckets.size(), 5);
  });
});

test('a network is within another of its kind that has all of its addresses', () => {
  const within: [string, string[] | undefined, boolean][] = [
    ['10.1.0.0/16', undefined, true],
    ['10.1.0.0/16', ['10.0.0.0/8'], true],
    ['10.0.0.0/8', ['10.1.0.0/16'], false],
    ['10.1.0.0/16', ['10.2.0.0/16', '10.1.0.0/16'], true],
    ['0.0.0.0/0', ['0.0.0.0/1', '128.0.0.0/1'], false],
    ['2001:db8::/48', ['2001:db8::/32'], true],
    ['::/0', ['0.0.0.0/0'], false],
  ];
  for (const [cidr, cidrs, is] of within) assert.equal(isWithin(cidr, cidrs), is, `${cidr} in ${cidrs?.join()}`);
});

test('AUTH=off is refused unless the API listens on loopback', () => {
  for (const HOST of ['127.0.0.1', 'localhost', '::1', '[::1]', '127.0.0.2'])
    assert.equal(readSettings({ AUTH: 'off', HOST }).AUTH, 'off', HOST);
  for (const HOST of ['0.0.0.0', '::', '10.0.0.7', 'api', ''])
    if (HOST === '') assert.equal(readSettings({ AUTH: 'off', HOST }).AUTH, 'off');
    else assert.throws(() => readSettings({ AUTH: 'off', HOST }), SettingsError, HOST);
  assert.equal(readSettings({ HOST: '0.0.0.0' }).AUTH, 'on');
});
