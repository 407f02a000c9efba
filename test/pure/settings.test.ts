// Wrong or missing settings and flags of commands, as they are reported to the person who has set them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSettings, SettingsError } from '../../process/config.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN_LIMIT_MS = 120_000;

function run(command: string, flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`commands/${command}.ts`, ...flags], {
    cwd: ROOT,
    // Nothing of the settings of whoever runs the tests.
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      DATA_DIR: '/nowhere',
      ...env,
    },
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
    // Whatever hangs in Node itself hears no other.
    killSignal: 'SIGKILL',
  });
  return { code: status, stdout, stderr };
}

describe('a setting that is wrong is named with what was expected', () => {
  for (const [name, value, expected] of [
    ['POSTGRES_PORT', 'x', 'a whole number from 0 to 65535'],
    ['POSTGRES_PORT', '65536', 'a whole number from 0 to 65535'],
    ['POSTGRES_PROXY_PORT', '0', 'a whole number from 1 to 65535'],
    ['PORT', '80.5', 'a whole number from 0 to 65535'],
    ['REQUESTS_MAX', '0', 'a whole number of at least 1'],
    ['TRANSFER_DEADLINE_SECONDS', 'soon', 'seconds from 1 to 86400'],
    ['AMOUNT_PRECISION', 'cents', 'currency or ledger'],
    ['OUTBOX_DATABASE_URLS', 'postgres://nowhere', 'a list of name=postgres://…'],
    ['WEBHOOK_KEYS', 'first:c2hvcnQ=', 'a list of id:key, each key 32 bytes in base64'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4317', 'an http:// URL'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%', 'a list of name=value, the values percent-encoded'],
    ['OTEL_TRACES_SAMPLER_ARG', '10%', 'a number from 0 to 1'],
    ['WEBHOOK_ALLOW_CIDRS', '10.0.0.1', 'a list of CIDRs'],
    ['LOG_LEVEL', 'loud', 'debug, info, warn, error or silent'],
    ['LOG_FORMAT', 'xml', 'json or pretty'],
  ] as const) {
    test(`${name}=${value}`, () => {
      const message = `${name} is wrong: expected ${expected}`;
      assert.throws(() => readSettings({ [name]: value }), new SettingsError(message));
    });
  }

  test('npm start says so, and starts nothing', () => {
    const { code, stderr } = run('start', [], { POSTGRES_PORT: 'x' });
    assert.deepEqual([code, stderr], [2, 'POSTGRES_PORT is wrong: expected a whole number from 0 to 65535\n']);
  });
});

describe('a DATA_DIR that cannot be made is named, and the start ends', () => {
  const inFile = join(ROOT, 'package.json', 'data');
  for (const [directory, reason] of [
    // Where a folder cannot be made although its parent is there, Node's recursive mkdir would try for ever.
    ['/proc/none/data', 'ENOENT: no such file or directory, mkdir .*/proc/none'],
    [inFile, 'ENOTDIR: not a directory'],
    [join(ROOT, 'package.json'), 'is not a directory'],
  ] as const)
    test(directory, { skip: directory.startsWith('/proc') && !existsSync('/proc') && 'there is no /proc' }, () => {
      const { code, stderr } = run('start', [], { DATA_DIR: directory });
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`DATA_DIR is wrong: ${directory} cannot be used: .*${reason}`));
      assert.doesNotMatch(stderr, /^\s+at /m);
    });

  test('a cache that cannot be made is among the temporary files', () => {
    // As a process of its own, because it might never return.
    const code = `import('./dev/cache.ts').then(({ cacheDirectory }) => console.log(cacheDirectory('/proc/none')))`;
    const { stdout } = spawnSync(process.execPath, ['-e', code], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: RUN_LIMIT_MS,
      // Whatever hangs in Node itself hears no other.
      killSignal: 'SIGKILL',
    });
    assert.ok(stdout.startsWith(`${tmpdir()}/`), stdout);
  });
});

describe('a migration names all that is not set at once, before it asks anybody', () => {
  const events = 'EVENTS_ADMIN_DATABASE_URL, EVENTS_DATABASE_URL, OUTBOX_DATABASE_URLS';
  const all = `WALLET_ADMIN_DATABASE_URLS, WALLET_DATABASE_URLS, TRANSFER_ADMIN_DATABASE_URL, TRANSFER_DATABASE_URL, ${events}`;
  test('of npm run migrate', () => {
    const { code, stderr } = run('migrate', []);
    assert.deepEqual([code, stderr], [2, `migrate: not set: ${all}\n`]);
  });

  test('of npm run rebind -- --moved', () => {
    const { code, stderr } = run('rebind', ['--moved'], {
      TRANSFER_ADMIN_DATABASE_URL: 'postgres://nowhere/transfer?sslmode=disable',
    });
    const missing = `WALLET_ADMIN_DATABASE_URLS, WALLET_DATABASE_URLS, TRANSFER_DATABASE_URL, ${events}`;
    assert.deepEqual([code, stderr], [2, `rebind: not set: ${missing}\n`]);
  });
});

describe('every program exits 2 for a command line or a setting that is wrong, and says so', () => {
  const commands = ['start', 'migrate', 'rebind', 'fill-counterparties', 'seed', 'demo', 'audit', 'nemesis'];
  const benches = ['../bench/bench', '../bench/batches', '../bench/reading'];
  const services = [
    'serve',
    '../api/server',
    '../api/wallet-server',
    '../workers/wallet/main',
    '../workers/transfer/main',
    '../workers/events/main',
  ];
  for (const program of [...commands, ...benches])
    test(`${program}, a flag that it does not know`, () => {
      const { code, stderr } = run(program, ['--bogus']);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /Unknown option '--bogus'/);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });

  // The others ask for nothing that could be wrong.
  for (const program of [...commands, ...services, '../bench/bench', '../bench/batches'])
    test(`${program}, LOG_LEVEL=loud`, () => {
      const { code, stderr } = run(program, [], { LOG_LEVEL: 'loud' });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /LOG_LEVEL is wrong: expected debug, info, warn, error or silent/);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });

  for (const [program, flags] of [
    ['seed', ['--wallets', 'many']],
    ['demo', ['--fail-credit', '2']],
    ['nemesis', ['--minutes', '0']],
    ['rebind', ['--moved', '--copy']],
    ['../bench/bench', ['--only', 'none']],
    ['../bench/batches', ['--items', '0']],
  ] as const)
    test(`${program} ${flags.join(' ')}`, () => {
      const { code, stderr } = run(program, flags);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /\nUsage: npm run /);
    });
});

describe('a command for a stack that runs exits 3 where none does', () => {
  for (const program of ['seed', 'audit', 'fill-counterparties', '../bench/batches'])
    test(program, () => {
      const { code, stderr } = run(program, []);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /No stack runs on \/nowhere/);
    });
});

describe('--help prints how a command is used, and does nothing', () => {
  for (const command of ['start', 'migrate', 'rebind', 'seed', 'demo', 'audit', 'nemesis'])
    test(command, () => {
      const { code, stdout, stderr } = run(command, ['--help']);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: npm (run )?${command}\\b`));
    });

  test('a flag that a migration does not know is refused, with the usage', () => {
    const { code, stderr } = run('migrate', ['--dry-run']);
    assert.equal(code, 2);
    assert.match(stderr, /^migrate: Unknown option '--dry-run'.*\nUsage: npm run migrate\n/s);
  });
});
