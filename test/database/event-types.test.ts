// Every event that movements write is valid by its published schema, in whatever way they are carried out, and no type is published
// that nothing writes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { recordBatchEnds } from '../../db/transfer/batch-queries.ts';
import { acceptGroup, recordGroupEnds } from '../../db/transfer/group-queries.ts';
import { decideCapture } from '../../db/transfer/queries.ts';
import * as walletBatches from '../../db/wallet/batch-queries.ts';
import { setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import { batchId, batchTransferId } from '../../domain/derived-id.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import { unfoldEvents, type FoldedEvents } from '../../domain/events/folded-events.ts';
import type { BatchLegs } from '../../domain/transfer/batch.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { rowsOf } from './database.ts';
import { asked, groupOf, legsOf, tracesOf } from './groups.ts';
import { movementsOver, type Movements } from './movements.ts';
import { startTransferKinds, type Pair, type TransferKinds } from './transfer-kinds.ts';
import { fresh, trace, transfer } from './wallets.ts';

/** One side of these transfers, as the transfer service hands it on. */
function legs(side: 'sender' | 'receiver', items: readonly TransferTerms[]): BatchLegs {
  return { ...legsOf(side, items), indexes: items.map((_, index) => index), elsewhere: 0 };
}

describe('the events of movements', () => {
  let kinds: TransferKinds;
  let movements: Movements;
  before(async () => {
    kinds = await startTransferKinds();
    movements = movementsOver(kinds.stores);
  });
  after(() => kinds?.stop());

  /** The types that were written, after a look at every event. */
  async function validTypes(): Promise<string[]> {
    const faultsOf = eventFaults();
    const types = new Set<string>();
    for (const { admin } of [kinds.stores.transfer, ...kinds.stores.wallets]) {
      const rows = await rowsOf<{ payload: CloudEvent | FoldedEvents }>(admin, 'SELECT payload FROM outbox_events');
      for (const event of rows.flatMap(({ payload }) => unfoldEvents(payload))) {
        assert.deepEqual(faultsOf({ ...event }), []);
        types.add(event.type);
      }
    }
    return [...types].sort();
  }

  async function transfersOneByOne(): Promise<void> {
    const { sender, receiver } = await kinds.fund('100.0000');
    await movements.settle(await movements.acceptTransfer(sender, receiver, '10.0000'));
    await movements.settle(await movements.acceptTransfer(sender, receiver, '1000.0000'));
    await movements.giveUp(await movements.acceptTransfer(sender, receiver, '10.0000'), 'canceled');
    const held = await kinds.debited({ sender, receiver }, '30.0000', true);
    await decideCapture(kinds.stores.transfer.service, held.transferId, '10.0000');
    await kinds.credit(held, '10.0000');
    await kinds.refund(held, '10.0000');
    await kinds.complete(held);
    const forced = await kinds.debited({ sender, receiver }, '5.0000', false);
    await kinds.force(forced);
    assert.equal(await kinds.advance(forced), true);
  }

  async function transactions(): Promise<void> {
    const { sender } = await kinds.fund('10.0000');
    const transact = async (type: 'CREDIT' | 'DEBIT', amount: string): Promise<void> =>
      movements.transact(await movements.acceptTransaction(type, sender, amount));
    await transact('DEBIT', '1.0000');
    await transact('DEBIT', '1000.0000');
    await suspend(sender);
    await transact('CREDIT', '1.0000');
  }

  async function suspend(wallet: Pair['sender']): Promise<void> {
    await setWalletStatus(kinds.wallets.shardOf(wallet), wallet, 'SUSPENDED');
  }

  /** One transfer goes through, one's sender has too little, and one's receiver is suspended. */
  async function threeTransfers(): Promise<TransferTerms[]> {
    const [pair, refused] = [await kinds.fund('10.0000'), await kinds.fund('1.0000')];
    await suspend(refused.receiver);
    return [
      transfer(pair.sender, pair.receiver, '1.0000'),
      transfer(pair.sender, pair.receiver, '1000.0000'),
      transfer(pair.sender, refused.receiver, '1.0000'),
    ];
  }

  async function batch(): Promise<void> {
    const key = fresh('batch');
    const id = batchId(key);
    const terms = (await threeTransfers()).map((each, index) => ({ ...each, transferId: batchTransferId(id, index) }));
    const items = terms.map((each) => ({ ...each, reference: undefined, bodyHash: transferBodyHash(each) }));
    const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
    const { service } = kinds.stores.transfer;
    const [senders, receivers] = kinds.stores.wallets.map((each) => each.service);
    await acceptBatch(service, { batchId: id, items, idempotencyKey: key, bodyHash, deadlineSeconds: 600 }, trace);
    await walletBatches.debitBatch(senders!, legs('sender', terms), trace);
    const [, , suspended] = terms;
    await walletBatches.creditBatch(receivers!, legs('receiver', [terms[0]!, suspended!]), trace);
    await walletBatches.refundBatch(senders!, legs('sender', [suspended!]), 'timed_out', trace);
    const failed = (places: string, failureReason: 'insufficient_funds' | 'receiver_suspended') => ({
      places,
      end: { status: 'FAILED', failureReason } as const,
    });
    const ends = [failed('1', 'insufficient_funds'), failed('2', 'receiver_suspended')];
    await recordBatchEnds(service, { batchId: id, places: '0-2', ends }, trace);
  }

  async function group(): Promise<void> {
    const terms = await threeTransfers();
    const groupId = groupOf();
    const { service } = kinds.stores.transfer;
    const [senders, receivers] = kinds.stores.wallets.map((each) => each.service);
    await acceptGroup(service, groupId, terms.map(asked));
    await walletBatches.debitGroup(senders!, legsOf('sender', terms), tracesOf(terms));
    const credited = [terms[0]!, terms[2]!];
    await walletBatches.creditGroup(receivers!, legsOf('receiver', credited), tracesOf(credited));
    await recordGroupEnds(service, groupId, [terms[0]!.transferId], new Date());
  }

  test('are valid by their schemas, one by one, in a batch and in a group, and every published type is among them', async () => {
    await transfersOneByOne();
    await transactions();
    const oneByOne = await validTypes();
    await batch();
    await group();
    assert.deepEqual(await validTypes(), oneByOne);
    assert.deepEqual(
      oneByOne,
      // The others are written, and held against their schemas, where endpoints are disabled, orders tested, and audit events made.
      EVENT_TYPES.map(({ type }) => type)
        .filter((type) => /^(transfer|transaction|wallet)\.|^audit\.transfer-decided$/.test(type))
        .toSorted((a, b) => a.localeCompare(b)),
    );
  });
});
