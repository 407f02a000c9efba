// Transfers of every kind over real databases, leg by leg as the workflow makes them, and the violations that the audit finds.

import assert from 'node:assert/strict';
import { audit } from '../../audit/audit.ts';
import type { Violation } from '../../audit/findings.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import * as walletRows from '../../db/wallet/wallet-queries.ts';
import { transferId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { endOfLeg, type AdvanceState, type LegAnswer, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { fresh, trace, USD, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const AT_ONCE = 12;

export interface Pair {
  readonly sender: WalletId;
  readonly receiver: WalletId;
}

export interface TransferKinds {
  readonly cluster: TestCluster;
  readonly stores: TestStores;
  readonly wallets: Wallets;
  /** Opens a funded sender, and a receiver on the other shard. */
  readonly fund: (amount: string) => Promise<Pair>;
  readonly held: (wallet: WalletId) => Promise<string>;
  /** Accepts and debits a transfer, the debit many times at once, as a hold or not. */
  readonly debited: (pair: Pair, amount: string, isHold: boolean) => Promise<TransferTerms>;
  readonly credit: (t: TransferTerms, amount: string) => Promise<LegAnswer<string>>;
  readonly refund: (t: TransferTerms, credited: string) => Promise<LegAnswer<string>>;
  readonly advance: (t: TransferTerms) => Promise<boolean>;
  readonly cancelAdvance: (t: TransferTerms) => Promise<AdvanceState>;
  readonly complete: (t: TransferTerms, advance?: AdvanceState) => Promise<transfers.Transfer>;
  readonly giveUp: (t: TransferTerms) => Promise<void>;
  /** Opens the case of a transfer that needs attention; an operator then forces its refund. */
  readonly force: (t: TransferTerms) => Promise<void>;
  /** The actions in the logs of the transfer's cases. */
  readonly logOf: (t: TransferTerms) => Promise<string[]>;
  readonly violations: () => Promise<readonly Violation[]>;
  readonly stop: () => Promise<void>;
}

export async function startTransferKinds(): Promise<TransferKinds> {
  const cluster = await startCluster();
  const stores = await cluster.createStores({ shards: 2, connectionsMax: AT_ONCE });
  const wallets = walletsOver(stores.wallets.map((each) => each.service));
  const { service, admin } = stores.transfer;
  const at = (wallet: WalletId) => wallets.shardOf(wallet);

  const credit: TransferKinds['credit'] = (t, amount) =>
    shard.credit(at(t.receiverWalletId), { ...t, amount }, trace, t.amount);
  const refund: TransferKinds['refund'] = (t, credited) =>
    shard.refund(at(t.senderWalletId), t, credited, 'timed_out', trace, { total: t.amount });
  return {
    cluster,
    stores,
    wallets,
    credit,
    refund,
    advance: (t) => shard.advance(at(t.senderWalletId), t, trace),
    cancelAdvance: (t) => shard.cancelAdvance(at(t.senderWalletId), t),
    async fund(amount) {
      const pair = { sender: await wallets.open(userOnShard(0, 2)), receiver: await wallets.open(userOnShard(1, 2)) };
      const { acceptTransaction, transact } = movementsOver(stores);
      await transact(await acceptTransaction('CREDIT', pair.sender, amount));
      return pair;
    },
    held: async (wallet) => (await walletRows.findWallet(at(wallet), wallet))!.held,
    async debited({ sender: senderWalletId, receiver: receiverWalletId }, amount, isHold) {
      const key = fresh('key');
      const t = { transferId: transferId(key), senderWalletId, receiverWalletId, amount, currency: USD };
      const kind = { expiresInSeconds: isHold ? 3_600 : undefined };
      const notes = { reference: undefined, metadata: undefined };
      const acceptance = { ...notes, ...kind, idempotencyKey: key, bodyHash: transferBodyHash({ ...t, ...kind }) };
      await acceptTransfer(service, t, { ...acceptance, deadlineSeconds: 600 }, trace);
      const answers = await callAtOnce(() => shard.debit(at(senderWalletId), t, trace, { isHold, total: t.amount }));
      assert.ok(answers.every(({ outcome }) => outcome === 'applied'));
      await transfers.recordTransferStatus(service, t.transferId, { status: 'DEBITED' }, trace);
      return t;
    },
    complete: (t, advance = 'open') =>
      transfers.recordTransferStatus(service, t.transferId, { status: 'COMPLETED' }, trace, { advance }),
    async giveUp(t) {
      const answer = await shard.cancelCredit(at(t.receiverWalletId), t, 'timed_out', t.amount);
      assert.ok(answer.outcome !== 'applied');
      await refund(t, '0');
      await transfers.recordTransferStatus(service, t.transferId, endOfLeg(answer), trace);
    },
    async force(t) {
      await transfers.recordTransferAttention(service, t.transferId, 'cancel_credit_failing', 'gone');
      const request = { action: 'refund', actor: 'alice', comment: 'a test', requestKey: fresh('request') } as const;
      assert.equal(await recordCaseAction(service, t.transferId, request), true);
    },
    async logOf({ transferId: id }) {
      const rows = await rowsOf<{ action: string }>(
        admin,
        `SELECT action FROM case_actions JOIN cases USING (case_id) WHERE transfer_id = '${id}' ORDER BY action_id`,
      );
      return rows.map(({ action }) => action);
    },
    async violations() {
      const databases = { wallets: stores.wallets.map((each) => each.admin), transfer: admin, events: undefined };
      return (await audit(databases, workflowsOf(new Set()), { patienceMs: 0 })).violations;
    },
    stop: () => cluster.stop(),
  };
}

/** Makes the same call on all connections at once. */
export function callAtOnce<T>(call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, call));
}
