// Keys on a stack that was started with nothing set: they are on, the command line finds the root key, and none is written anywhere.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readApiKey } from '../../dev/api-key-file.ts';
import { runCounterpoise } from '../pure/run-counterpoise.ts';
import { refusedStart, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';
import type { Money } from './money.ts';

interface Made {
  readonly api_key_id: string;
  readonly secret: string;
}

describe('the keys of a stack', () => {
  let stack: TestStack;
  let money: Money;
  const secrets: string[] = [];
  useStack((started) => ({ stack, money } = started));

  const keys = async (...args: string[]): Promise<Made> => {
    const env = { DATA_DIR: stack.dataDir, COUNTERPOISE_API_URL: '', COUNTERPOISE_API_KEY: '' };
    const { code, stdout, stderr } = await runCounterpoise(['keys', ...args, '--json'], { env });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Made;
  };
  const statusOf = async (secret: string | undefined, path = '/v1/wallets'): Promise<number> => {
    const headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
    return (await fetch(stack.api + path, { headers })).status;
  };

  test('are in files that only their owner can read, and without one only health and documentation answer', async () => {
    for (const file of ['api-key', 'auth-header', 'service-keys/order', 'service-keys/wallet-api'])
      assert.equal(statSync(join(stack.dataDir, file)).mode & 0o777, 0o600, file);
    secrets.push(readApiKey(stack.dataDir)!);
    assert.equal(await statusOf(undefined), 401);
    for (const path of ['/health', '/docs', '/openapi.json']) assert.equal(await statusOf(undefined, path), 200, path);
  });

  test('are made, rotated and revoked by the command line', async () => {
    const made = await keys('create', 'reader', '--scopes', 'wallets:read', '--per-second', '100');
    assert.deepEqual([await statusOf(made.secret), await statusOf(made.secret, '/v1/transfers')], [200, 403]);
    const rotated = await keys('rotate', made.api_key_id, '--overlap', '60');
    assert.deepEqual([await statusOf(made.secret), await statusOf(rotated.secret)], [200, 200]);
    for (const { api_key_id: id } of [made, rotated]) await keys('revoke', id);
    assert.deepEqual([await statusOf(made.secret), await statusOf(rotated.secret)], [401, 401]);
    secrets.push(made.secret, rotated.secret);
  });

  test('that are root are reset for who has lost theirs: the former one is refused, and the stack goes on', async () => {
    const former = readApiKey(stack.dataDir)!;
    await keys('reset-root');
    const present = readApiKey(stack.dataDir)!;
    secrets.push(present);
    assert.notEqual(present, former);
    assert.deepEqual([await statusOf(former), await statusOf(present)], [401, 200]);
    const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
    assert.equal((await money.api.transfer(sender, receiver, '1')).body.status, 'COMPLETED');
    assert.equal(await stack.stop(), 0);
    await stack.start();
    await stack.waitUntilReady();
    assert.deepEqual([await statusOf(former), await statusOf(present)], [401, 200]);
  });

  test('are in no log, no argument and no description of the stack', () => {
    const logs = readdirSync(join(stack.dataDir, 'logs')).map((name) => join(stack.dataDir, 'logs', name));
    const services = Object.values(stack.file().processes).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return []; // no such system, or gone
      }
    });
    const written = [stack.logFile, join(stack.dataDir, 'stack.json'), ...logs].map((file) =>
      readFileSync(file, 'utf8'),
    );
    assert.equal(secrets.length, 4);
    for (const secret of secrets)
      for (const text of [...written, ...services]) assert.ok(!text.includes(secret.slice(8)), 'a key was written');
  });
});

test('a start without keys is refused off loopback', async () => {
  const { code, output } = await refusedStart({ AUTH: 'off', HOST: '0.0.0.0' });
  assert.notEqual(code, 0);
  assert.match(output, /AUTH is wrong: off is for loopback alone/);
});
