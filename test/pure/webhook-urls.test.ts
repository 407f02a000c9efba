// Where webhooks may be sent to: every form of an address that is not public is refused, with its code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Resolve } from '../../webhooks/look-ups.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';

const PUBLIC = { address: '93.184.215.14', family: 4 };
const named =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

/** URLs that name an address which is not public, in every way that the parser of URLs knows. */
const FORBIDDEN = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://127.0.0.1./',
  'https://①②⑦.⓪.⓪.①/',
  'https://0/',
  'https://0.0.0.0:8443/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://100.64.0.1/',
  'https://192.0.0.192/',
  'https://192.0.2.1/',
  'https://192.88.99.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://239.255.255.255/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://168.63.129.16/',
  'https://[::]/',
  'https://[::1]/',
  'https://[::127.0.0.1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[0:0:0:0:0:ffff:10.0.0.1]/',
  'https://[64:ff9b::10.0.0.1]/',
  'https://[64:ff9b::8.8.8.8]/',
  'https://[64:ff9b:1::10.0.0.1]/',
  'https://[2002:a00:1::]/',
  'https://[2002:7f00:1::1]/',
  'https://[2001::1]/',
  'https://[2001:db8::1]/',
  'https://[100::1]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[ff02::1]/',
  'https://[4000::1]/',
];

describe('the guard of webhook URLs', () => {
  const guard = createUrlGuard([], named(PUBLIC.address));

  for (const url of FORBIDDEN)
    test(`${url} is refused, before and at a connection`, async () => {
      assert.equal(guard.inspect(url)?.code, 'webhook_url_address_forbidden');
      assert.equal((await guard.check(url))?.code, 'webhook_url_address_forbidden');
      const addresses = await guard.addressesOf(new URL(url));
      assert.equal('code' in addresses && addresses.code, 'webhook_url_address_forbidden');
    });

  for (const [url, code] of [
    ['http://example.com/', 'webhook_url_not_https'],
    ['http://93.184.215.14/', 'webhook_url_not_https'],
    ['https://user@example.com/', 'webhook_url_has_credentials'],
    ['https://:secret@example.com/', 'webhook_url_has_credentials'],
    ['https://user@127.0.0.1/', 'webhook_url_has_credentials'],
    ['ftp://example.com/', 'webhook_url_invalid'],
    ['file:///etc/passwd', 'webhook_url_invalid'],
    ['data:text/plain,x', 'webhook_url_invalid'],
    ['https://', 'webhook_url_invalid'],
    ['https://[::1%25lo]/', 'webhook_url_invalid'],
    ['https://999.1.1.1/', 'webhook_url_invalid'],
    ['example.com/hook', 'webhook_url_invalid'],
    ['', 'webhook_url_invalid'],
    [`https://example.com/${'a'.repeat(2_048)}`, 'webhook_url_invalid'],
  ] as const)
    test(`${url.slice(0, 40)} is refused: ${code}`, async () => {
      assert.equal((await guard.check(url))?.code, code);
    });

  for (const url of ['https://example.com/hook?a=b', 'https://93.184.215.14:8443/', 'https://[2606:4700::1111]/'])
    test(`${url} is allowed`, async () => {
      assert.equal(await guard.check(url), undefined);
    });

  test('a name is refused if any of its addresses is, wherever that stands', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      [PUBLIC.address, '10.0.0.1'],
      ['10.0.0.1', PUBLIC.address],
      [PUBLIC.address, '::1'],
      ['::ffff:10.0.0.1'],
    ]) {
      const refused = await createUrlGuard([], named(...addresses)).check('https://example.com/');
      assert.equal(refused?.code, 'webhook_url_address_forbidden', addresses.join());
    }
  });

  test('a name without an address is refused with a code of its own', async () => {
    const lost = createUrlGuard([], () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' })));
    assert.equal((await lost.check('https://nowhere.example/'))?.code, 'webhook_url_unresolvable');
    assert.equal((await createUrlGuard([], named()).check('https://x.example/'))?.code, 'webhook_url_unresolvable');
  });

  test('what the operator allows is reached, by plain http too, and nothing else', async () => {
    const loopback = createUrlGuard(['127.0.0.0/8', '::1/128'], named('127.0.0.1', '::1'));
    for (const url of ['http://127.0.0.1:8080/', 'https://[::1]/', 'http://localhost/', 'https://2130706433/'])
      assert.equal(await loopback.check(url), undefined, url);
    assert.equal((await loopback.check('https://10.0.0.1/'))?.code, 'webhook_url_address_forbidden');
    assert.equal((await loopback.check('http://93.184.215.14/'))?.code, 'webhook_url_not_https');
    const both = createUrlGuard(['127.0.0.0/8'], named('127.0.0.1', PUBLIC.address));
    assert.equal((await both.check('http://example.com/'))?.code, 'webhook_url_not_https');
    assert.equal(await both.check('https://example.com/'), undefined);
  });
});
