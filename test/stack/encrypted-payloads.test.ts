// Payload keys switched on and rotated under a stack with movements in flight: what was begun before goes on, and Temporal's histories
// tell nobody an amount or a reference.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { readSettings } from '../../process/config.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { pendingFailure } from '../../temporal/pending-activity.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const { History } = proto.temporal.api.history.v1;
type History = proto.temporal.api.history.v1.IHistory;

const directory = mkdtempSync(join(tmpdir(), 'payload-keys-'));
const keysFile = join(directory, 'keys');
const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [old, young] = [newKey('old'), newKey('young')];
const useKeys = (...keys: string[]): void => writeFileSync(keysFile, `${keys.join('\n')}\n`, { mode: 0o600 });

/** No other value of a history has these digits. */
const AMOUNT = '47.1108';
const REFERENCE = 'a-very-private-matter';

/** What Temporal stores, but for search attributes, which are ids and a status by design. */
function bytesOf(history: History): Buffer {
  for (const event of history.events ?? [])
    for (const attributes of Object.values(event))
      if (typeof attributes === 'object' && attributes !== null && 'searchAttributes' in attributes)
        delete (attributes as { searchAttributes?: unknown }).searchAttributes;
  return Buffer.from(History.encode(History.fromObject(history)).finish());
}

describe('payload keys', () => {
  const env: Record<string, string> = { TRANSFER_DEADLINE_SECONDS: '120' };
  let stack: TestStack;
  let money: Money;
  const ids: Record<'plain' | 'old' | 'faulty', string> = { plain: '', old: '', faulty: '' };

  before(async () => {
    stack = await startStack({ env });
    await stack.waitUntilReady();
    money = await openMoney(stack);
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
    rmSync(directory, { recursive: true });
  });

  async function startAgain(...keys: string[]): Promise<void> {
    useKeys(...keys);
    await money.close();
    assert.equal(await stack.stop(), 0);
    env['PAYLOAD_KEYS_FILE'] = keysFile;
    await stack.start();
    await stack.waitUntilReady();
    money = await openMoney(stack);
  }
  async function transfer(fields: object, prefer: string, receiver?: string) {
    const wallets = {
      sender_wallet_id: await money.wallet(0, '100.00'),
      receiver_wallet_id: receiver ?? (await money.wallet(1)),
    };
    const body = { ...wallets, amount: AMOUNT, reference: REFERENCE, metadata: { of: REFERENCE }, ...fields };
    return money.api.post('/v1/transfers', body, { 'idempotency-key': randomUUID(), prefer });
  }
  async function hold(): Promise<string> {
    const { body } = await transfer({ capture_method: 'manual' }, 'wait=30');
    assert.equal(body['status'], 'DEBITED', JSON.stringify(body));
    return String(body['transfer_id']);
  }
  async function capture(id: string): Promise<void> {
    const { body } = await money.api.post(`/v1/transfers/${id}/capture`, {}, { prefer: 'wait=30' });
    assert.equal(body['status'], 'COMPLETED', JSON.stringify(body));
  }
  const historyOf = (id: string): Promise<History> =>
    money.temporal.workflow.getHandle(`transfer/${id}`).fetchHistory();

  test('a hold from before they are there is captured after they are switched on', async () => {
    ids.plain = await hold();
    assert.ok(bytesOf(await historyOf(ids.plain)).includes('senderWalletId'), 'nothing to see in a plain history');
    await startAgain(old);
    await capture(ids.plain);
  });

  test('a fault of an activity is told to the operator, and to nobody who reads histories', async () => {
    const receiver = await money.wallet(1);
    const release = await money.lockWallet(receiver);
    const { body } = await transfer({}, 'wait=0', receiver);
    ids.faulty = String(body['transfer_id']);
    const handle = money.temporal.workflow.getHandle(`transfer/${ids.faulty}`);
    await until(120_000, 'the credit did not fail', async () =>
      ((await handle.describe()).raw.pendingActivities ?? []).some(({ lastFailure }) => lastFailure?.message),
    );
    const { raw } = await handle.describe();
    assert.deepEqual(
      new Set(raw.pendingActivities!.map(({ lastFailure }) => lastFailure!.message)),
      new Set(['Encoded failure']),
    );
    // The operator is told by the API, which has the keys.
    const told = await pendingFailure(money.temporal, `transfer/${ids.faulty}`);
    assert.match(told?.lastError ?? '', /lock|wallet/i);
    await release();
    await handle.result();
  });

  test('a hold that the old key encrypted is captured after the rotation', async () => {
    ids.old = await hold();
    await startAgain(young, old);
    await capture(ids.old);
    const bytes = bytesOf(await historyOf(ids.old));
    assert.deepEqual([bytes.includes('old'), bytes.includes('young')], [true, true]);
  });

  test('no history that began with them has an amount, a reference or a wallet in it', async () => {
    const id = await hold();
    await capture(id);
    for (const each of [id, ids.old, ids.faulty]) {
      const bytes = bytesOf(await historyOf(each));
      for (const secret of [
        AMOUNT,
        REFERENCE,
        'senderWalletId',
        '→',
        'bodyHash"',
        'lock timeout',
        'canceling statement',
      ])
        assert.ok(!bytes.includes(secret), `${secret} is in the history of ${each}`);
    }
  });

  test('the Web UI has them decrypted, from its own origin', async () => {
    const { events } = await historyOf(ids.old);
    const [payload] = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const metadata = Object.fromEntries(Object.entries(payload!.metadata!).map(([name, value]) => [name, text(value)]));
    const asked = { payloads: [{ metadata, data: text(payload!.data!) }] };
    const decode = (origin: string) =>
      fetch(`${stack.api}/v1/payloads/decode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify(asked),
      });
    const answer = await decode(new URL(stack.file().temporal.ui!).origin);
    assert.equal(answer.status, 200);
    const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
    assert.match(Buffer.from(payloads[0]!.data, 'base64').toString(), /"senderWalletId"/);
    assert.equal((await decode('https://evil.example')).status, 403);
  });

  test('histories of each kind replay: plain and then encrypted, and under two keys', async () => {
    const dataConverter = dataConverterOf(readSettings({ PAYLOAD_KEYS_FILE: keysFile }));
    const options = { workflowBundle: await workflowBundle(dataConverter.failureConverterPath), dataConverter };
    const histories = await Promise.all(
      Object.values(ids).map(async (id) => ({ workflowId: `transfer/${id}`, history: await historyOf(id) })),
    );
    const failures: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories(options, histories))
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    assert.deepEqual(failures, []);
  });

  test('and all money is where it should be', async () => void (await money.assertSound()));
});
