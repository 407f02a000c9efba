// The bench believes a subject only if the databases have the money that it reports as moved: here its reports are false.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findNotMoved } from '../../bench/peers/moved.ts';
import { openStatements, type Statements } from '../../bench/statements.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { fresh, transfer, walletsOver, type Wallets } from './wallets.ts';

describe('what a subject of the bench says it has moved', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallets: Wallets;
  let statements: Statements;
  let administrators: Record<string, string>;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    wallets = walletsOver(stores.wallets.map(({ service }) => service));
    statements = openStatements({
      wallets: stores.wallets.map(({ serviceUrl }) => serviceUrl),
      transfer: stores.transfer.serviceUrl,
    });
    administrators = {
      'wallet-0': stores.wallets[0]!.adminUrl,
      'wallet-1': stores.wallets[1]!.adminUrl,
      transfer: stores.transfer.adminUrl,
    };
  });
  after(async () => {
    await statements.close();
    await cluster.stop();
  });

  async function newTransfer(): Promise<TransferTerms> {
    const sender = await wallets.open(fresh('sender'), '10.0000');
    return transfer(sender, await wallets.open(fresh('receiver')), '1.0000');
  }

  async function move(terms: TransferTerms, skipped?: keyof Statements): Promise<void> {
    await statements.accept({ terms, idempotencyKey: terms.transferId });
    for (const step of ['debit', 'recordDebited', 'credit', 'recordCompleted'] as const)
      if (step !== skipped) await statements[step](terms);
  }

  test('is believed of transfers that have done all five statements', async () => {
    const moved = await Promise.all(Array.from({ length: 10 }, newTransfer));
    await Promise.all(moved.map((terms) => move(terms)));
    assert.deepEqual(await findNotMoved(administrators, moved), []);
  });

  // Without recordDebited none is lacking: recordCompleted writes its step.
  for (const skipped of ['debit', 'credit', 'recordCompleted'] as const) {
    test(`is not believed of one without its ${skipped}`, async () => {
      const [whole, lacking] = [await newTransfer(), await newTransfer()];
      await move(whole);
      await move(lacking, skipped);
      const breaches = await findNotMoved(administrators, [whole, lacking]);
      assert.equal(breaches.length, 1);
      assert.match(breaches[0]!, new RegExp(lacking.transferId));
    });
  }

  test('is not believed of one that was never begun', async () => {
    assert.equal((await findNotMoved(administrators, [await newTransfer()])).length, 3);
  });

  test('is not believed of one whose money was given back as well', async () => {
    const terms = await newTransfer();
    await move(terms, 'credit');
    await statements.giveBack(terms);
    await assert.rejects(statements.credit(terms), /a leg was canceled/);
    const breaches = await findNotMoved(administrators, [terms]);
    assert.match(breaches.join('; '), /REFUND/);
  });

  test('is not believed where a balance is not what its entries sum to', async () => {
    const terms = await newTransfer();
    await move(terms);
    for (const { admin } of stores.wallets)
      await rowsOf(admin, `UPDATE wallets SET balance = balance + 1 WHERE wallet_id = '${terms.receiverWalletId}'`);
    const breaches = await findNotMoved(administrators, [terms]);
    assert.deepEqual(breaches, [`wallet ${terms.receiverWalletId} has 2.0000, its entries sum to 1.0000`]);
  });
});
