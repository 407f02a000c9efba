// Secrets stay where they belong: after runs with several kinds of failure, none of a stack's passwords and keys is in a log, an
// argument list, an answer, a metric, or anything that Temporal has stored.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from './free-port.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

/** What holds secrets by design, each for its owner alone. */
const KEPT = ['settings.json', 'stack.json', 'webhook-keys', 'internal-keys', 'api-key', 'auth-header'];

describe('the secrets of a stack', () => {
  const directory = mkdtempSync(join(tmpdir(), 'secrets-'));
  const keysFile = join(directory, 'keys');
  const payloadKey = randomBytes(32).toString('base64');
  const answers: string[] = [];
  const secrets = new Map<string, string>();
  let stack: TestStack;
  let money: Money;

  before(async () => {
    writeFileSync(keysFile, `first:${payloadKey}\n`, { mode: 0o600 });
    stack = await startStack({
      separate: true,
      env: { PAYLOAD_KEYS_FILE: keysFile, LOG_LEVEL: 'debug', LOG_FORMAT: 'json' },
    });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    const { passwords } = JSON.parse(readFileSync(join(stack.dataDir, 'settings.json'), 'utf8')) as {
      passwords: Record<string, string>;
    };
    for (const [role, password] of Object.entries(passwords)) secrets.set(`the password of ${role}`, password);
    for (const name of ['webhook-keys', 'internal-keys'])
      secrets.set(name, readFileSync(join(stack.dataDir, name), 'utf8').trim().split(':')[1]!);
    secrets.set('the payload key', payloadKey);
    secrets.set('the root key', stack.authorization['authorization']!.slice('Bearer '.length));
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
    rmSync(directory, { recursive: true });
  });

  async function ask(path: string, init: RequestInit = {}): Promise<string> {
    const answer = await fetch(new URL(path, stack.api), {
      ...init,
      headers: { ...stack.authorization, ...(init.headers as Record<string, string> | undefined) },
      signal: AbortSignal.timeout(20_000),
    }).then(
      (response) => response.text(),
      (error: unknown) => String(error),
    );
    answers.push(answer);
    return answer;
  }
  const post = (path: string, body: object): Promise<string> =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=10' },
      body: JSON.stringify(body),
    });

  test('are used, in runs that fail in several ways', async () => {
    // A webhook that nobody receives.
    const url = `http://127.0.0.1:${await freePort()}/hook`;
    const endpoint = JSON.parse(await post('/v1/webhook-endpoints', { url })) as { secret: string };
    answers.pop();
    secrets.set('the secret of the webhook endpoint', endpoint.secret.slice('whsec_'.length));

    const [sender, receiver] = [await money.wallet(0, '100.00'), await money.wallet(1)];
    const transfer = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '10.00' };
    await post('/v1/transfers', transfer);
    await post('/v1/transfers', { ...transfer, amount: '1000.00' });
    await post('/v1/transfers', { ...transfer, amount: 'much' });
    await ask('/v1/webhook-endpoints?cursor=broken');

    // A fault of an activity, a call between services that nobody has signed, and a database that goes away under all.
    const release = await money.lockWallet(receiver);
    const delayed = post('/v1/transfers', transfer);
    await fetch(`${stack.file().internal!.wallet}/internal/ledger`, { method: 'POST', body: '{}' });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    await release();
    await delayed;
    const before = stack.process('postgres');
    stack.kill('postgres', 'SIGKILL');
    await Promise.all([post('/v1/transfers', transfer), ask('/health/ready'), ask(`/v1/wallets/${sender}`)]);
    await until(
      120_000,
      'PostgreSQL did not come back',
      () => ![before, undefined].includes(stack.process('postgres')),
    );
    stack.kill('worker-wallet-0', 'SIGKILL');
    await stack.waitUntilReady();
    await post('/v1/transfers', transfer);
    await post('/v1/reconciliation-runs', {});
    for (const place of Object.values(stack.file().metrics ?? {})) await ask(place);
    await ask('/health/ready');
  });

  /** The names of the secrets that are in it. */
  const found = (bytes: Buffer | string): string[] =>
    [...secrets].flatMap(([name, secret]) => (bytes.includes(secret.replace(/=+$/, '')) ? [name] : []));

  test('are in no log', () => {
    const logs = readdirSync(join(stack.dataDir, 'logs')).map((name) => join(stack.dataDir, 'logs', name));
    let bytes = 0;
    for (const file of [stack.logFile, ...logs]) {
      const text = readFileSync(file);
      bytes += text.length;
      assert.deepEqual(found(text), [], file);
    }
    assert.ok(bytes > 10_000, 'the logs are empty');
  });

  test('are in no argument list', () => {
    for (const [name, pid] of Object.entries(stack.file().processes))
      assert.deepEqual(found(readFileSync(`/proc/${pid}/cmdline`)), [], name);
  });

  test('are in no answer and no metric', () => {
    assert.ok(answers.length > 10);
    for (const answer of answers) assert.deepEqual(found(answer), [], answer.slice(0, 200));
  });

  test('are in nothing that Temporal has stored', () => {
    const stored = readdirSync(join(stack.dataDir, 'temporal')).map((name) => join(stack.dataDir, 'temporal', name));
    assert.ok(stored.length > 0);
    for (const file of stored) assert.deepEqual(found(readFileSync(file)), [], file);
  });

  test('are in files of their own, which nobody else may read', () => {
    for (const name of KEPT) assert.equal(statSync(join(stack.dataDir, name)).mode & 0o077, 0, name);
    for (const name of readdirSync(stack.dataDir, { withFileTypes: true }))
      if (name.isFile() && !KEPT.includes(name.name))
        assert.deepEqual(found(readFileSync(join(stack.dataDir, name.name))), [], name.name);
  });

  test('would be found', () => {
    for (const [name, secret] of secrets) assert.deepEqual(found(`at ${secret}:`), [name]);
  });
});
