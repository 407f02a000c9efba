// The console's page and files as the API serves them: what they may load, how large they are, and how a person signs in by a link.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConsoleLinks, LINK_SECONDS } from '../../api/access/console-links.ts';
import { sessionKeyFor } from '../../api/access/new-key.ts';
import { bundleConsole } from '../../api/console/bundle.ts';
import { acceptOnly, keyHolder } from './api-holders.ts';
import { testApp } from './api-fakes.ts';

const SCRIPT_BYTES_MAX = 30 * 1024;
const STYLE_BYTES_MAX = 8 * 1024;

const bundle = await bundleConsole();

/** The files that a page needs before it shows something: of the frame, and of the page itself. */
function firstOf(page: string): string[] {
  const reached = new Set([...bundle.files].filter(([, { isFirst }]) => isFirst).map(([name]) => name));
  const queue = [...bundle.files.keys()].filter((name) => name.startsWith(`${page}-`));
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    reached.add(name);
    const text = new TextDecoder().decode(bundle.files.get(name)!.plain);
    for (const [, imported] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g))
      if (!reached.has(imported!)) queue.push(imported!);
  }
  return [...reached];
}

describe('the files of the console', () => {
  test('keep to their budget: 30 KB of script and 8 KB of style, compressed, for the first page', () => {
    const bytes = (end: string): number =>
      firstOf('overview')
        .filter((name) => name.endsWith(end))
        .reduce((sum, name) => sum + bundle.files.get(name)!.gzipped.length, 0);
    assert.ok(bytes('.js') > 1_000 && bytes('.js') <= SCRIPT_BYTES_MAX, `${bytes('.js')} bytes of script`);
    assert.ok(bytes('.css') > 1_000 && bytes('.css') <= STYLE_BYTES_MAX, `${bytes('.css')} bytes of style`);
  });

  test('have no address of another origin, but for namespaces and links', () => {
    for (const [name, { plain }] of bundle.files) {
      const addresses = new TextDecoder().decode(plain).match(/https?:\/\/[\w./-]+/g) ?? [];
      assert.deepEqual(
        addresses.filter((address) => !address.startsWith('http://www.w3.org/')),
        [],
        name,
      );
    }
  });

  test('are served for ever by names that are hashes of their contents, compressed to who takes it', async () => {
    const { app } = testApp();
    const page = await (await app.request('/console/transfers/x')).text();
    const [, script] = /<script type="module" src="([^"]+)"/.exec(page)!;
    const answer = await app.request(script!, { headers: { 'accept-encoding': 'gzip, br' } });
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.match(answer.headers.get('cache-control')!, /immutable/);
    assert.equal((await app.request(script!)).headers.get('content-encoding'), null);
    assert.equal((await app.request('/console/assets/nothing.js')).status, 404);
  });

  test('come with a policy that lets nothing in from elsewhere, no inline script and no eval', async () => {
    const { app } = testApp();
    const answer = await app.request('/console');
    const policy = answer.headers.get('content-security-policy')!;
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(await answer.text(), /<script>|<style|\son\w+=|style=/);
  });
});

describe('a link that signs in', () => {
  test('is taken once, and within its time', () => {
    let nowMs = 0;
    const links = createConsoleLinks(() => nowMs);
    const holder = keyHolder();
    const [first, second] = [links.make(holder), links.make(holder)];
    assert.equal(links.take(first), holder);
    assert.equal(links.take(first), undefined);
    nowMs = LINK_SECONDS * 1_000;
    assert.equal(links.take(second), undefined);
    assert.equal(links.take('nothing'), undefined);
  });

  test('makes way when there are too many', () => {
    const links = createConsoleLinks();
    const first = links.make(keyHolder());
    for (let n = 0; n < 100; n += 1) links.make(keyHolder());
    assert.equal(links.take(first), undefined);
  });

  const local = { incoming: { socket: { remoteAddress: '127.0.0.1' } } };
  const ask = (
    path: string,
    {
      env = local,
      headers = {},
      body,
      proxies = [],
    }: { env?: object; headers?: Record<string, string>; body?: unknown; proxies?: string[] } = {},
  ) =>
    testApp({ authentication: acceptOnly(keyHolder()), proxies }).app.request(
      `http://127.0.0.1:3000${path}`,
      {
        method: 'POST',
        headers: { authorization: 'Bearer x', 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      env,
    );

  test('is made and used on the machine of the API alone, and not by way of a proxy', async () => {
    const made = await ask('/v1/console-links');
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('cache-control'), 'no-store');
    assert.match(((await made.json()) as { path: string }).path, /^\/console#link=[\w-]{43}$/);
    const remote = { incoming: { socket: { remoteAddress: '192.0.2.7' } } };
    const refused = await Promise.all([
      ask('/v1/console-links', { env: remote }),
      ask('/v1/console-sessions', { env: remote, body: { link: 'x' } }),
      ask('/v1/console-links', { headers: { 'x-forwarded-for': '192.0.2.7' } }),
      ask('/v1/console-links', { env: {} }),
      ask('/v1/console-links', { proxies: ['127.0.0.1/32'] }),
    ]);
    for (const answer of refused) {
      assert.equal(answer.status, 403);
      assert.equal(((await answer.json()) as { code: string }).code, 'loopback_only');
    }
  });

  test('needs no secret where the API asks for no keys', async () => {
    const answer = await testApp().app.request('http://127.0.0.1:3000/v1/console-links', { method: 'POST' }, local);
    assert.equal(((await answer.json()) as { path: string }).path, '/console');
  });

  test('gives a key that is good on this machine alone, and nowhere the one that has asked for it is not', () => {
    const networksFor = (cidrs: readonly string[] | undefined) => sessionKeyFor(keyHolder({ cidrs })).key.cidrs;
    assert.deepEqual(networksFor(undefined), ['127.0.0.0/8', '::1/128']);
    assert.deepEqual(networksFor(['0.0.0.0/0']), ['127.0.0.0/8']);
    assert.deepEqual(networksFor(['127.0.0.1/32', '10.0.0.0/8']), ['127.0.0.1/32']);
  });
});
