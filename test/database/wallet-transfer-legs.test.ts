// Debit, credit, cancel and refund on real PostgreSQL: the answer of each, that the first answer stays the answer, and that
// money moves exactly as the answers say.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { cancelCredit, credit, debit, refund, transact } from '../../db/wallet/queries.ts';
import { setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { EVENTS } from './outbox-events.ts';
import { EUR, fresh, trace, transaction, transfer, USD, walletsOver, type Wallets } from './wallets.ts';

const MOST = '999999999999999.9999';
const APPLIED = { outcome: 'applied' };

describe('the legs of a transfer', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let wallets: Wallets;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1 });
    ({ service: database, admin } = stores.wallets[0]!);
    wallets = walletsOver([database]);
  });
  after(() => cluster?.stop());

  const opened = (balance?: string): Promise<WalletId> => wallets.open(fresh('user'), balance);
  const events = async (t: TransferTerms): Promise<string[]> => {
    const rows = await rowsOf<{ type: string }>(
      admin,
      `SELECT type FROM ${EVENTS} WHERE event_id LIKE '%/${t.transferId}' ORDER BY type`,
    );
    return rows.map(({ type }) => type);
  };
  const rejected = (reason: string) => ({ outcome: 'rejected', reason });

  test('a transfer moves its amount once, however often its legs are repeated', async () => {
    const [sender, receiver] = [await opened('100'), await opened()];
    const t = transfer(sender, receiver, '25.0001');
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await debit(database, t, trace), APPLIED);
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await credit(database, t, trace), APPLIED);
    assert.deepEqual(await debit(database, t, trace), APPLIED);
    assert.deepEqual(await wallets.entries(sender), ['CREDIT 100.0000 100.0000', 'DEBIT 25.0001 74.9999']);
    assert.deepEqual(await wallets.entries(receiver), ['CREDIT 25.0001 25.0001']);
    assert.deepEqual(await events(t), ['wallet.credited', 'wallet.debited']);
  });

  test('each refusal of a debit is remembered, though its cause has gone', async () => {
    const [sender, receiver, nobody] = [await opened(), await opened(), walletId(fresh('nobody'), USD)];
    const suspended = await opened('10');
    await setWalletStatus(database, suspended, 'SUSPENDED');
    const refusals: [TransferTerms, string][] = [
      [transfer(sender, receiver, '0.0001'), 'insufficient_funds'],
      [transfer(nobody, receiver, '1'), 'sender_not_found'],
      [transfer(suspended, receiver, '1'), 'sender_suspended'],
      [transfer(sender, receiver, '1', EUR), 'currency_mismatch'],
    ];
    for (const [t, reason] of refusals) assert.deepEqual(await debit(database, t, trace), rejected(reason));
    await setWalletStatus(database, suspended, 'ACTIVE');
    await wallets.open(fresh('user'), '5');
    for (const [t, reason] of refusals) {
      assert.deepEqual(await debit(database, t, trace), rejected(reason));
      assert.deepEqual(
        await refund(database, t, '0', 'timed_out', trace),
        rejected(reason),
        'a refund changes nothing about it',
      );
      assert.deepEqual(await events(t), ['wallet.debit-failed']);
    }
    assert.equal(await wallets.balance(suspended), '10.0000');
    assert.deepEqual(await wallets.entries(sender), []);
  });

  test('each refusal of a credit is remembered, though its cause has gone', async () => {
    const [sender, receiver, nobody] = [await opened('100'), await opened(), walletId(fresh('nobody'), USD)];
    const [suspended, full] = [await opened(), await opened(MOST)];
    await setWalletStatus(database, suspended, 'SUSPENDED');
    const refusals: [TransferTerms, string][] = [
      [transfer(sender, nobody, '1'), 'receiver_not_found'],
      [transfer(sender, suspended, '1'), 'receiver_suspended'],
      [transfer(sender, receiver, '1', EUR), 'currency_mismatch'],
      [transfer(sender, full, '0.0001'), 'balance_limit'],
    ];
    for (const [t, reason] of refusals) assert.deepEqual(await credit(database, t, trace), rejected(reason));
    await setWalletStatus(database, suspended, 'ACTIVE');
    await debit(database, transfer(full, receiver, '50'), trace);
    for (const [t, reason] of refusals) {
      assert.deepEqual(await credit(database, t, trace), rejected(reason));
      assert.deepEqual(await cancelCredit(database, t, 'timed_out'), rejected(reason));
      assert.deepEqual(await events(t), ['wallet.credit-failed']);
    }
    assert.deepEqual(await wallets.entries(suspended), []);
  });

  test('a repeat with another wallet, currency or amount is refused, as the fence raises, and changes nothing', async () => {
    const [sender, receiver, other] = [await opened('100'), await opened(), await opened('100')];
    const t = transfer(sender, receiver, '10');
    await debit(database, t, trace);
    await credit(database, t, trace);
    const changes: Partial<TransferTerms>[] = [
      { senderWalletId: other, receiverWalletId: other },
      { amount: '10.0001' },
      { currency: EUR },
    ];
    for (const change of changes) {
      for (const operation of [
        () => debit(database, { ...t, ...change }, trace),
        () => credit(database, { ...t, ...change }, trace),
        () => cancelCredit(database, { ...t, ...change }, 'timed_out'),
        () => refund(database, { ...t, ...change }, '0', 'timed_out', trace),
      ]) {
        const { outcome, reason } = { reason: undefined, ...(await operation()) };
        assert.deepEqual([outcome, reason], ['rejected', 'terms_conflict']);
      }
    }
    assert.equal(await wallets.balance(other), '100.0000');
    assert.equal(await wallets.balance(sender), '90.0000');
    assert.deepEqual(
      await debit(database, { ...t, amount: '10.0' }, trace),
      APPLIED,
      'the same amount, written otherwise',
    );
  });

  test('in every order of two debits and two refunds, the money is back and the answers agree', async () => {
    for (const order of ordersOfTwoAndTwo()) {
      const sender = await opened('100');
      const t = transfer(sender, walletId(fresh('receiver'), USD), '30');
      const answers = [];
      for (const first of order)
        answers.push(await (first ? debit(database, t, trace) : refund(database, t, '0', 'timed_out', trace)));
      const debitCame = order[0] === true;
      const expected = debitCame ? APPLIED : { outcome: 'canceled', reason: 'timed_out' };
      assert.deepEqual(answers, [expected, expected, expected, expected], `order ${order.join()}`);
      assert.equal(await wallets.balance(sender), '100.0000');
      assert.deepEqual(
        (await wallets.entries(sender)).slice(1),
        debitCame ? ['DEBIT 30.0000 70.0000', 'REFUND 30.0000 100.0000'] : [],
      );
      assert.deepEqual(await events(t), debitCame ? ['wallet.debited', 'wallet.refunded'] : []);
    }
  });

  test('in every order of two credits and two cancels, the first one decides', async () => {
    for (const order of ordersOfTwoAndTwo()) {
      const receiver = await opened();
      const t = transfer(walletId(fresh('sender'), USD), receiver, '30');
      const answers = [];
      for (const first of order)
        answers.push(await (first ? credit(database, t, trace) : cancelCredit(database, t, 'canceled')));
      const creditCame = order[0] === true;
      const expected = creditCame ? APPLIED : { outcome: 'canceled', reason: 'canceled' };
      assert.deepEqual(answers, [expected, expected, expected, expected], `order ${order.join()}`);
      assert.equal(await wallets.balance(receiver), creditCame ? '30.0000' : '0.0000', 'an applied credit stays');
    }
  });

  test('the reason that was given first is the reason', async () => {
    const t = transfer(await opened('10'), await opened(), '1');
    await cancelCredit(database, t, 'canceled');
    await refund(database, t, '0', 'canceled', trace);
    const first = { outcome: 'canceled', reason: 'canceled' };
    assert.deepEqual(await cancelCredit(database, t, 'timed_out'), first);
    assert.deepEqual(await refund(database, t, '0', 'timed_out', trace), first);
    assert.deepEqual(await debit(database, t, trace), first);
  });

  test('a refund gives back debit minus credit, once', async () => {
    const [sender, receiver] = [await opened('100'), await opened()];
    const t = transfer(sender, receiver, '30');
    await debit(database, t, trace);
    for (let n = 0; n < 2; n += 1) assert.deepEqual(await refund(database, t, '12.5', 'timed_out', trace), APPLIED);
    assert.deepEqual((await wallets.entries(sender)).slice(1), ['DEBIT 30.0000 70.0000', 'REFUND 17.5000 87.5000']);
    await assert.rejects(refund(database, t, '0', 'timed_out', trace), 'another refund than the first one raises');

    const settled = transfer(sender, receiver, '30');
    await debit(database, settled, trace);
    assert.deepEqual(await refund(database, settled, '30', 'timed_out', trace), APPLIED);
    assert.deepEqual(await events(settled), ['wallet.debited'], 'nothing is left to give back');
  });

  test('a refund never takes money: more credited than debited raises', async () => {
    const sender = await opened('100');
    const t = transfer(sender, await opened(), '30');
    await debit(database, t, trace);
    await assert.rejects(refund(database, t, '30.0001', 'timed_out', trace));
    assert.equal(await wallets.balance(sender), '70.0000');
  });

  test('a leg of nothing or less than nothing raises and leaves no trace', async () => {
    const [sender, receiver] = [await opened('100'), await opened()];
    for (const amount of ['0', '-1']) {
      const t = transfer(sender, receiver, amount);
      await assert.rejects(debit(database, t, trace));
      await assert.rejects(credit(database, t, trace));
      await assert.rejects(cancelCredit(database, t, 'timed_out'));
      await assert.rejects(refund(database, t, '0', 'timed_out', trace));
      assert.deepEqual(
        await rowsOf(admin, `SELECT * FROM operation_fences WHERE transaction_id = '${t.transferId}'`),
        [],
      );
    }
    assert.equal(await wallets.balance(sender), '100.0000');
  });

  test('a refund lands in a suspended wallet, and above the largest balance', async () => {
    const sender = await opened('100');
    const t = transfer(sender, await opened(), '100');
    await debit(database, t, trace);
    await credit(database, { ...transfer(await opened(), sender, MOST) }, trace);
    await setWalletStatus(database, sender, 'SUSPENDED');
    assert.deepEqual(await refund(database, t, '0', 'timed_out', trace), APPLIED);
    assert.equal(await wallets.balance(sender), '1000000000000099.9999');
  });

  test('sums of the largest and the smallest amounts are exact', async () => {
    const [sender, receiver] = [await opened(MOST), await opened()];
    const smallest = transfer(sender, receiver, '0.0001');
    await debit(database, smallest, trace);
    await credit(database, smallest, trace);
    assert.equal(await wallets.balance(sender), '999999999999999.9998');
    const rest = transfer(sender, receiver, '999999999999999.9998');
    await debit(database, rest, trace);
    assert.deepEqual(await credit(database, rest, trace), APPLIED, 'the receiver then has exactly the most');
    assert.equal(await wallets.balance(sender), '0.0000');
    assert.equal(await wallets.balance(receiver), MOST);
  });

  test('of credits and deposits that race for the last of the room in a wallet, one lands', async () => {
    for (let round = 0; round < 5; round += 1) {
      const receiver = await opened();
      const [sender, amount] = [walletId('sender', USD), '600000000000000'];
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          n % 2 === 0
            ? credit(database, transfer(sender, receiver, amount), trace)
            : transact(database, transaction('CREDIT', receiver, amount), trace),
        ),
      );
      assert.equal(answers.filter(({ outcome }) => outcome === 'applied').length, 1);
      assert.equal(await wallets.balance(receiver), `${amount}.0000`);
    }
  });

  test('an event is a CloudEvent about the wallet, with the request that caused it', async () => {
    const sender = await opened('10');
    const t = transfer(sender, await opened(), '2.5');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await debit(database, t, { requestId: 'request-1', traceparent });
    const [row] = await rowsOf<{ event_id: string; subject: string; payload: Record<string, unknown> }>(
      admin,
      `SELECT event_id, subject, payload FROM outbox_events WHERE event_id = 'wallet.debited/${t.transferId}'`,
    );
    const { time, ...payload } = row!.payload;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(row!.subject, sender);
    assert.deepEqual(payload, {
      specversion: '1.0',
      id: row!.event_id,
      source: 'urn:counterpoise:wallet',
      type: 'wallet.debited',
      subject: sender,
      datacontenttype: 'application/json',
      dataschema: 'urn:counterpoise:event:wallet.debited:v1',
      requestid: 'request-1',
      traceparent,
      data: { transfer_id: t.transferId, wallet_id: sender, amount: '2.5000' },
    });
  });
});

/** The six orders of two of the one and two of the other. */
function ordersOfTwoAndTwo(): boolean[][] {
  return [0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100].map((bits) =>
    [0, 1, 2, 3].map((n) => ((bits >> n) & 1) === 1),
  );
}
