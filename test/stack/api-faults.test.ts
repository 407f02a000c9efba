// The API while PostgreSQL or Temporal is stopped or frozen: it answers within two seconds, leaves nothing half done, and gets
// ready again by itself. The services run apart, so that faults of the wallet API show through the transfer API as well.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient, type Answer, type Movement } from './api-client.ts';
import { startStack, type TestStack, until } from './stack.ts';

/** The contract's two seconds, and what a machine that does other things may add; a call that hangs takes ten. */
const ANSWER_LIMIT_MS = 2_000 + 1_500;
const RECOVERY_LIMIT_MS = 120_000;

describe('the API while a server is gone', () => {
  let stack: TestStack;
  let alice: string;
  let bob: string;
  const client = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  const api = client.once;
  const key = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });
  const thaws: (() => void)[] = [];

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    [alice, bob] = [await client.wallet('1000'), await client.wallet()];
  });
  afterEach(async () => {
    for (const thaw of thaws.splice(0)) thaw();
    await stack.waitUntilReady(RECOVERY_LIMIT_MS);
  });
  after(async () => {
    for (const thaw of thaws.splice(0)) thaw();
    await stack?.remove();
  });

  /** Stops the process and its children where they are: their sockets stay open, and nothing answers. */
  function freeze(name: string): void {
    const pid = stack.process(name)!;
    const stopped = [pid];
    thaws.push(() => {
      for (const each of stopped.toReversed()) signal(each, 'SIGCONT');
    });
    // The parent first, so that no child is made while they are listed.
    signal(pid, 'SIGSTOP');
    const all = execFileSync('ps', ['-eo', 'pid=,ppid='])
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number));
    stopped.push(...all.flatMap(([child, parent]) => (parent === pid ? [child!] : [])));
    for (const each of stopped) signal(each, 'SIGSTOP');
  }

  function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile, as a connection of PostgreSQL may at any time.
    }
  }

  function inTime({ status, body, tookMs }: Answer<object>): void {
    assert.ok(tookMs < ANSWER_LIMIT_MS, `${status} after ${Math.round(tookMs)} ms: ${JSON.stringify(body)}`);
  }

  async function assertUnavailable(answer: Answer<object>, ...codes: string[]): Promise<void> {
    inTime(answer);
    const { code } = answer.body as { code?: string };
    assert.equal(answer.status, 503, JSON.stringify(answer.body));
    assert.ok(codes.includes(code!), code);
    assert.equal(answer.headers.get('retry-after'), '1');
  }

  /** With its key, until it has ended. */
  async function complete(headers: Record<string, string>): Promise<Movement> {
    let last: Movement | undefined;
    await until(RECOVERY_LIMIT_MS, 'the transfer did not end', async () => {
      last = (await api.transfer(alice, bob, '1', { ...headers, prefer: 'wait=10' })).body;
      return last.status === 'COMPLETED';
    });
    return last!;
  }

  test('PostgreSQL frozen: 503 within two seconds, for one and for a hundred at once, and the key completes afterwards', async () => {
    freeze('postgres');
    const headers = key();
    await assertUnavailable(await api.transfer(alice, bob, '1', headers), 'database_unavailable');
    await assertUnavailable(await api.get(`/v1/wallets/${alice}`), 'database_unavailable', 'wallet_api_unavailable');
    await assertUnavailable(await api.get('/v1/transfers'), 'database_unavailable');
    await assertUnavailable(
      await api.post('/v1/wallets', { user_id: 'carol' }),
      'database_unavailable',
      'wallet_api_unavailable',
    );
    const many = await Promise.all(Array.from({ length: 100 }, () => api.transfer(alice, bob, '1', key())));
    for (const answer of many) await assertUnavailable(answer, 'database_unavailable');
    const ready = await api.get('/health/ready');
    assert.equal(ready.status, 503);
    inTime(ready);
    inTime(await api.get('/health'));

    for (const thaw of thaws.splice(0)) thaw();
    await stack.waitUntilReady(RECOVERY_LIMIT_MS);
    await complete(headers);
  });

  test('PostgreSQL killed: 503 within two seconds at worst, and ready again by itself', async () => {
    const headers = key();
    stack.kill('postgres', 'SIGKILL');
    const answers: Answer<Movement>[] = [];
    for (let i = 0; i < 10; i += 1) {
      answers.push(await api.transfer(alice, bob, '1', headers));
      await sleep(50);
    }
    for (const answer of answers) {
      inTime(answer);
      assert.ok([202, 503].includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
    }
    assert.ok(answers.some(({ status }) => status === 503));
    await stack.waitUntilReady(RECOVERY_LIMIT_MS);
    await complete(headers);
  });

  test('Temporal frozen: 202 and it runs later, or 503 with nothing stored; a stored one is always answered', async () => {
    freeze('temporal');
    const accepted = key();
    const first = await api.transfer(alice, bob, '1', accepted);
    inTime(first);
    assert.deepEqual([first.status, first.body.status], [202, 'PENDING']);

    let refused: Answer<Movement> | undefined;
    await until(120_000, 'the API did not notice', async () => {
      const answer = await api.transfer(alice, bob, '1', key());
      inTime(answer);
      if (answer.status === 503) refused = answer;
      return answer.status === 503;
    });
    await assertUnavailable(refused!, 'temporal_unavailable');
    assert.ok(refused!.tookMs < 500, 'what is known to be down is not tried');

    const repeat = await api.transfer(alice, bob, '1', accepted);
    inTime(repeat);
    assert.deepEqual(
      [repeat.status, repeat.headers.get('idempotent-replayed'), repeat.body.transfer_id],
      [202, 'true', first.body.transfer_id],
    );
    const waited = await api.transfer(alice, bob, '1', { ...accepted, prefer: 'wait=1' });
    assert.deepEqual([waited.status, waited.body.status], [202, 'PENDING']);
    inTime(await api.get(`/v1/transfers/${first.body.transfer_id}/steps`));
    const ready = await api.get('/health/ready');
    assert.equal(ready.status, 503);
    inTime(ready);

    for (const thaw of thaws.splice(0)) thaw();
    await stack.waitUntilReady(RECOVERY_LIMIT_MS);
    assert.equal((await complete(accepted)).transfer_id, first.body.transfer_id);
  });

  test('Temporal killed: every answer is 202 or 503 within two seconds, and what was accepted runs', async () => {
    const keys = Array.from({ length: 10 }, key);
    stack.kill('temporal', 'SIGKILL');
    const answers = await Promise.all(keys.map((headers) => api.transfer(alice, bob, '1', headers)));
    for (const answer of answers) {
      inTime(answer);
      assert.ok([202, 503].includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
    }
    await stack.waitUntilReady(RECOVERY_LIMIT_MS);
    for (const [index, headers] of keys.entries()) if (answers[index]!.status === 202) await complete(headers);
  });

  test('the wallet API frozen: wallet paths are 503 within two seconds, transfers go on', async () => {
    freeze('wallet-api');
    await assertUnavailable(await api.get(`/v1/wallets/${alice}`), 'wallet_api_unavailable');
    const { status, body } = await api.transfer(alice, bob, '1');
    assert.deepEqual([status, body.status], [200, 'COMPLETED']);
  });

  test('the API that is told to stop answers those who wait with 202, and ends', async () => {
    freeze('worker-transfer');
    const waiting = api.transfer(alice, bob, '1', { ...key(), prefer: 'wait=60' });
    await sleep(1_000);
    const pid = stack.process('api');
    stack.kill('api', 'SIGTERM');
    const { status, body } = await waiting;
    assert.deepEqual([status, body.status], [202, 'PENDING']);
    await until(120_000, 'the API did not end', () => stack.process('api') !== pid);
  });
});
