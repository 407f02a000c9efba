// A page of another site cannot make a browser suspend a wallet, capture a hold or read a balance: foreign requests are refused
// on every route, before anything of the request is read. Clients that send none of a browser's headers notice nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import { createWalletApp } from '../../api/wallet-app.ts';
import { parseAuthority, type Authority } from '../../process/authority.ts';
import { readSettings } from '../../process/config.ts';
import { INSTALLATION, SENDER, testApp, forbiddenDatabase, type Problem } from './api-fakes.ts';

/** Raises whatever is asked of it. */
const nobodyWith = (settings: object): never =>
  new Proxy(settings as never, {
    get(target, name) {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name) as unknown;
      throw new Error(`somebody was asked: ${String(name)}`);
    },
  });
const nobody = nobodyWith({});
const log = pino({ level: 'silent' });
const named = (...names: string[]): Authority[] => names.map((name) => parseAuthority(name)!);

type Headers = Readonly<Record<string, string>>;
interface Routed {
  readonly routes: { method: string; path: string }[];
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
}

/** Every method and path that the app has, with an id where there is a parameter. */
function routesOf(app: Routed): { method: string; path: string }[] {
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, SENDER) }));
  return [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()];
}
const isSafe = ({ method }: { method: string }): boolean => method === 'GET' || method === 'HEAD';

async function ask(
  app: Routed,
  { method, path }: { method: string; path: string },
  headers: Headers = {},
  { base = 'http://localhost:3000', localAddress = '127.0.0.1', withBody = true } = {},
) {
  let isRead = false;
  const body = new ReadableStream(
    {
      pull(controller) {
        isRead = true;
        controller.enqueue(new TextEncoder().encode('{}'));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const hasBody = withBody && method !== 'GET' && method !== 'HEAD';
  const init = hasBody ? { body, duplex: 'half' as const } : {};
  const request = new Request(base + path, {
    method,
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k', 'x-actor': 'alice', ...headers },
    ...init,
  });
  const response = await app.fetch(request, {
    incoming: { socket: { localAddress, remoteAddress: '127.0.0.1' } },
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  return { status: response.status, code: isProblem ? (JSON.parse(text) as Problem).code : undefined, isRead };
}

/** By what browsers say of a page that is not the API's own; each is asked of http://localhost:3000. */
const FOREIGN: [title: string, headers: Headers][] = [
  ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
  ['a page of a subdomain or of another port', { 'sec-fetch-site': 'same-site' }],
  ['a site that is unheard of', { 'sec-fetch-site': 'nested-site' }],
  ['another host', { origin: 'https://evil.example' }],
  ['a sandboxed page', { origin: 'null' }],
  ['another port', { origin: 'http://localhost:8080' }],
  ['the port that is left out', { origin: 'http://localhost' }],
  ['another scheme', { origin: 'https://localhost:3000' }],
  ['another name of the same machine', { origin: 'http://127.0.0.1:3000' }],
  ['a host that begins alike', { origin: 'http://localhost.evil.example:3000' }],
  ['a host that ends alike', { origin: 'http://evil-localhost:3000' }],
  ['a user that is called alike', { origin: 'http://localhost:3000@evil.example' }],
  ['no URL', { origin: 'localhost:3000' }],
  ['an extension', { origin: 'chrome-extension://localhost:3000' }],
  ['nothing', { origin: '' }],
  ['a foreign origin that calls itself the same', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
  ['two origins', { origin: 'http://localhost:3000, https://evil.example' }],
  ['a page behind a proxy that ended TLS', { origin: 'http://localhost:3000', 'x-forwarded-proto': 'https' }],
];

const OWN: [title: string, headers: Headers][] = [
  ['nothing of a browser', {}],
  ['the API’s own page', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' }],
  ['an old browser on the API’s own page', { origin: 'http://localhost:3000' }],
  ['the user, by the address bar', { 'sec-fetch-site': 'none' }],
  ['the API’s own page behind a proxy', { origin: 'https://localhost:3000', 'x-forwarded-proto': 'https, http' }],
];

let forwarded = 0;
const walletApi = createServer((_request, response) => {
  forwarded += 1;
  response.writeHead(418).end();
});

describe('every route refuses what is foreign, before anything is read or done', () => {
  const apps: [title: string, app: () => Routed][] = [];
  before(async () => {
    walletApi.listen(0, '127.0.0.1');
    await once(walletApi, 'listening');
  });
  after(() => walletApi.close());

  const untouched = {
    log,
    starter: nobodyWith({ walletShardCount: 2 }),
    acceptance: {
      client: nobody,
      monitor: nobody,
      backlog: nobody,
      shardsBehind: nobody,
      starts: nobody,
      draining: nobody,
    },
    readiness: () => Promise.reject(new Error('readiness was asked')),
  };
  apps.push(['the transfer API', () => testApp(untouched).app]);
  apps.push([
    'the transfer API that forwards wallets',
    () =>
      testApp({
        ...untouched,
        wallets: { walletApiUrl: `http://127.0.0.1:${(walletApi.address() as AddressInfo).port}` },
      }).app,
  ]);
  const bounds = { requestsMax: 10, waitersMax: 10, settlementsMax: 10, bodyBytesMax: 1_000_000 };
  apps.push([
    'the wallet API',
    () =>
      createWalletApp({
        log,
        hosts: [],
        authentication: 'off',
        bounds,
        shards: [forbiddenDatabase],
        readiness: untouched.readiness,
        installation: async () => INSTALLATION,
      }),
  ]);

  for (const [title, make] of apps) {
    describe(title, () => {
      let app: Routed;
      before(() => {
        app = make();
      });
      const unsafe = (): { method: string; path: string }[] => [
        ...routesOf(app).filter((route) => !isSafe(route)),
        { method: 'POST', path: '/v1/nothing' },
        { method: 'DELETE', path: '/v1/wallets' },
        { method: 'POST', path: '/health' },
        { method: 'PURGE', path: '/docs' },
      ];

      test('it has routes that change something', () => {
        const paths = unsafe().map(({ method, path }) => `${method} ${path}`);
        assert.ok(paths.includes(`POST /v1/wallets/${SENDER}/suspend`), paths.join('\n'));
        assert.ok(paths.includes(`PUT /v1/wallets/${SENDER}/limits`));
        if (title !== 'the wallet API') assert.ok(paths.length > 15);
      });

      for (const [from, headers] of FOREIGN) {
        test(`of ${from}`, async () => {
          for (const route of unsafe())
            for (const withBody of [true, false]) {
              const answer = await ask(app, route, headers, { withBody });
              const expected = { status: 403, code: 'cross_site_request', isRead: false };
              assert.deepEqual(answer, expected, `${route.method} ${route.path}`);
            }
        });
      }

      test('for a host that is not its own, also where nothing is changed', async () => {
        const safe = routesOf(app).filter(isSafe);
        assert.ok(
          safe.some(({ path }) => path === '/health/ready') && safe.some(({ path }) => path === '/openapi.json'),
        );
        for (const route of [...unsafe(), ...safe, { method: 'OPTIONS', path: '/v1/transfers' }])
          for (const base of ['http://evil.example:3000', 'http://10.0.0.7:3000', 'http://[2001:db8::7]:3000']) {
            const headers = { 'sec-fetch-site': 'same-origin', origin: base };
            const answer = await ask(app, route, headers, { base });
            const expected = { status: 403, code: 'host_not_allowed', isRead: false };
            assert.deepEqual(answer, expected, `${route.method} ${route.path}`);
          }
      });

      for (const [from, headers] of OWN) {
        test(`and lets through what is of ${from}`, async () => {
          for (const route of [...unsafe(), ...routesOf(app).filter(isSafe)]) {
            const { status, code } = await ask(app, route, headers);
            assert.notEqual(status, 403, `${route.method} ${route.path} ${code}`);
          }
        });
      }

      test('and lets pages of other sites ask for what changes nothing, as links do', async () => {
        for (const route of routesOf(app).filter(isSafe))
          for (const [, headers] of FOREIGN) assert.notEqual((await ask(app, route, headers)).status, 403, route.path);
      });
    });
  }

  test('of what is let through the body is read', async () => {
    const [, make] = apps[0]!;
    assert.equal((await ask(make(), { method: 'POST', path: '/v1/transfers' })).isRead, true);
  });

  test('nothing foreign was handed on to the wallet API', async () => {
    const before = forwarded;
    const app = apps[1]![1]();
    for (const [, headers] of FOREIGN)
      await ask(app, { method: 'POST', path: `/v1/wallets/${SENDER}/suspend` }, headers);
    assert.equal(forwarded, before);
    const own = await ask(app, { method: 'POST', path: `/v1/wallets/${SENDER}/suspend` });
    assert.deepEqual([own.status, forwarded], [418, before + 1]);
  });
});

describe('a host is its own', () => {
  const hosts = named('api', 'pay.example.com', 'other.example:8443', 'tls.example:443', '[2001:db8::5]:3000');
  const { app } = testApp({ log, hosts });
  const table: [host: string, isOwn: boolean, localAddress?: string][] = [
    ['localhost', true],
    ['LocalHost:3000', true],
    ['localhost.', true],
    ['shop.localhost:1', true],
    ['localhost.evil.example', false],
    ['notlocalhost', false],
    ['127.0.0.1:3000', true],
    ['127.1.2.3', true],
    ['127.0.0.1.evil.example', false],
    ['128.0.0.1', false],
    ['0.0.0.0:3000', false],
    ['[::1]:3000', true],
    ['[::2]', false],
    ['[::ffff:127.0.0.1]', true],
    ['api', true],
    ['API.:3000', true],
    ['api.evil.example', false],
    ['pay.example.com', true],
    ['pay.example.com:9999', true],
    ['evil.pay.example.com', false],
    ['example.com', false],
    ['other.example:8443', true],
    ['other.example', false],
    ['other.example:8444', false],
    ['tls.example', true],
    ['tls.example:443', true],
    ['tls.example:8080', false],
    ['[2001:db8::5]:3000', true],
    ['[2001:db8:0:0::5]:3000', true],
    ['[2001:db8::5]:3001', false],
    ['10.0.0.7:3000', true, '10.0.0.7'],
    ['10.0.0.7:8080', true, '::ffff:10.0.0.7'],
    ['10.0.0.8', false, '10.0.0.7'],
    ['[fd00::7]:3000', true, 'fd00:0:0::7'],
    ['[fe80::1]', true, 'fe80::1%eth0'],
    ['10.0.0.7.', true, '10.0.0.7'],
  ];
  for (const [host, isOwn, localAddress = '172.18.0.2'] of table) {
    test(`${host} ${isOwn ? 'is' : 'is not'}, at ${localAddress}`, async () => {
      // As it was written, and not as a URL would have it.
      const answer = await ask(app, { method: 'GET', path: '/health' }, { host }, { localAddress });
      assert.deepEqual([answer.status, answer.code], isOwn ? [200, undefined] : [403, 'host_not_allowed']);
    });
  }

  test('what no URL can have as its host is no request', async () => {
    for (const host of [
      'a b',
      'localhost, localhost',
      'localhost@evil.example',
      'localhost/',
      '[::1',
      'localhost:99999',
      '%6cocalhost',
    ])
      assert.equal((await ask(app, { method: 'GET', path: '/health' }, { host })).code, 'bad_request', host);
  });

  test('a page of a name in HOSTS is its own by either scheme, for a proxy may end TLS and not say so', async () => {
    const route = { method: 'POST', path: `/v1/wallets/${SENDER}/suspend` };
    const status = async (base: string, origin: string, more: Headers = {}): Promise<boolean> =>
      (await ask(app, route, { origin, ...more }, { base })).status !== 403;
    assert.ok(await status('http://pay.example.com', 'https://pay.example.com'));
    assert.ok(await status('http://pay.example.com', 'http://pay.example.com'));
    assert.ok(await status('http://pay.example.com:8443', 'https://PAY.example.com:8443'));
    assert.ok(!(await status('http://pay.example.com:8443', 'https://pay.example.com')));
    assert.ok(!(await status('http://pay.example.com', 'http://pay.example.com', { 'x-forwarded-proto': 'https' })));
    assert.ok(!(await status('http://pay.example.com', 'https://other.example:8443')));
  });

  test('HOSTS is judged at the start', () => {
    assert.deepEqual(readSettings({ HOSTS: 'api, Pay.example.com:443,[::1]:3000' }).HOSTS, [
      { host: 'api', port: undefined },
      { host: 'pay.example.com', port: 443 },
      { host: '[::1]', port: 3000 },
    ]);
    assert.equal(readSettings({}).HOSTS, undefined);
    for (const wrong of ['http://api', 'api,', 'api:port', '*', '*.example.com', 'api:65536', '::1', 'a b'])
      assert.throws(() => readSettings({ HOSTS: wrong }), /HOSTS is wrong: expected a host or host:port/, wrong);
  });
});

describe('on a socket', () => {
  let server: HttpServer;
  before(async () => {
    server = await serveHttp({ fetch: testApp({ log, hosts: named('api') }).app.fetch, host: '127.0.0.1', port: 0 });
  });
  after(() => server.stop());

  /** The status of the answer to these bytes, after which nothing more is sent. */
  async function statusOf(bytes: string): Promise<number> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(bytes);
    const [said] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    socket.destroy();
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(said)?.[1]);
  }
  const suspend = `/v1/wallets/x/suspend`;

  test('a foreign request is answered without waiting for its body', async () => {
    const rest = 'Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{';
    assert.equal(await statusOf(`POST ${suspend} HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n${rest}`), 403);
    assert.equal(await statusOf(`POST ${suspend} HTTP/1.1\r\nHost: evil.example\r\n${rest}`), 403);
  });

  const table: [title: string, bytes: string, status: number][] = [
    ['its own name', `POST ${suspend} HTTP/1.1\r\nHost: api:3000\r\n`, 422],
    ['a foreign name', `POST ${suspend} HTTP/1.1\r\nHost: evil.example\r\n`, 403],
    ['HTTP/1.0 with a host', `POST ${suspend} HTTP/1.0\r\nHost: localhost\r\n`, 422],
    ['HTTP/1.0 with a foreign host', `POST ${suspend} HTTP/1.0\r\nHost: evil.example\r\n`, 403],
    ['HTTP/1.0 without a host', `POST ${suspend} HTTP/1.0\r\n`, 400],
    ['an empty host', `POST ${suspend} HTTP/1.1\r\nHost: \r\n`, 400],
    ['a whole URL', `POST http://localhost:3000${suspend} HTTP/1.1\r\nHost: localhost:3000\r\n`, 422],
    ['a whole URL without a host', `POST http://localhost:3000${suspend} HTTP/1.0\r\n`, 422],
    ['a whole foreign URL', `POST http://evil.example${suspend} HTTP/1.1\r\nHost: localhost\r\n`, 403],
    ['a whole URL and a foreign host', `POST http://localhost${suspend} HTTP/1.1\r\nHost: evil.example\r\n`, 403],
    ['a whole URL with a user', `POST http://localhost@evil.example${suspend} HTTP/1.1\r\nHost: localhost\r\n`, 400],
    ['two hosts', `POST ${suspend} HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n`, 400],
    ['one host twice', `POST ${suspend} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n`, 400],
    [
      'a port that is the default',
      `POST ${suspend} HTTP/1.1\r\nHost: localhost:80\r\nOrigin: http://localhost\r\n`,
      422,
    ],
    [
      'an upper-case host and its page',
      `POST ${suspend} HTTP/1.1\r\nHost: LOCALHOST:3000\r\nOrigin: http://localhost:3000\r\n`,
      422,
    ],
    ['IPv6 and its page', `POST ${suspend} HTTP/1.1\r\nHost: [::1]:3000\r\nOrigin: http://[::1]:3000\r\n`, 422],
    [
      'two origins',
      `POST ${suspend} HTTP/1.1\r\nHost: api\r\nOrigin: http://api\r\nOrigin: http://evil.example\r\n`,
      403,
    ],
    [
      'two sites',
      `POST ${suspend} HTTP/1.1\r\nHost: api\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n`,
      403,
    ],
  ];
  for (const [title, head, status] of table)
    test(`${title}: ${status}`, async () => assert.equal(await statusOf(`${head}Content-Length: 0\r\n\r\n`), status));
});
