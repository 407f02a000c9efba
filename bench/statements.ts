/**
 * The five statements of a transfer, as Counterpoise makes them: the acceptance, the debit, DEBITED, the credit, COMPLETED; each in
 * its service's database with its service's role. Every subject of the bench runs these, by its own engine.
 */
import { randomUUID } from 'node:crypto';
import { closeDatabases, openDatabase, type Database } from '../db/database.ts';
import { acceptTransfer } from '../db/transfer/acceptance.ts';
import { recordTransferStatus } from '../db/transfer/queries.ts';
import { cancelCredit, credit, debit, refund } from '../db/wallet/queries.ts';
import type { Currency } from '../domain/currency.ts';
import { transferId } from '../domain/derived-id.ts';
import type { WalletId } from '../domain/ids.ts';
import { transferBodyHash } from '../domain/transfer/movement-body.ts';
import { shardOf } from '../domain/routing.ts';
import type { TransferTerms } from '../domain/transfer/transfer.ts';
import type { Ground } from './subject.ts';

const QUERY_TIMEOUT_MS = 30_000;
/** The default of a process of Counterpoise. */
const CONNECTIONS_MAX = 10;
const DEADLINE_SECONDS = 600;

/** A transfer to make, as plain JSON, so that it can be sent to another process. */
export interface Movement {
  readonly terms: TransferTerms;
  readonly idempotencyKey: string;
}

export interface Statements {
  readonly accept: (movement: Movement) => Promise<void>;
  readonly debit: (terms: TransferTerms) => Promise<void>;
  readonly recordDebited: (terms: TransferTerms) => Promise<void>;
  readonly credit: (terms: TransferTerms) => Promise<void>;
  readonly recordCompleted: (terms: TransferTerms) => Promise<void>;
  /** For a subject whose credit was refused: gives the money back, and writes FAILED. */
  readonly giveBack: (terms: TransferTerms) => Promise<void>;
  readonly recordFailed: (terms: TransferTerms) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Thrown when a leg was refused; a repeat would not change that. */
export class LegRefused extends Error {}

/** Each statement can be repeated safely. No leg is refused between the wallets of the ground. */
export function openStatements(databases: Ground['databases']): Statements {
  const open = (url: string): Database =>
    openDatabase(url, {
      applicationName: 'counterpoise-bench',
      connectionsMax: CONNECTIONS_MAX,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
    });
  const shards = databases.wallets.map(open);
  const transfer = open(databases.transfer);
  const shard = (id: WalletId): Database => shards[shardOf(id, shards.length)]!;
  const trace = { requestId: 'bench' };

  return {
    async accept({ terms, idempotencyKey }) {
      const acceptance = {
        reference: undefined,
        metadata: undefined,
        idempotencyKey,
        bodyHash: transferBodyHash({ ...terms, reference: undefined, metadata: undefined }),
        deadlineSeconds: DEADLINE_SECONDS,
      };
      await acceptTransfer(transfer, terms, acceptance, trace);
    },
    debit: async (terms) => applied(await debit(shard(terms.senderWalletId), terms, trace)),
    recordDebited: async ({ transferId: id }) =>
      written('DEBITED', await recordTransferStatus(transfer, id, { status: 'DEBITED' }, trace)),
    credit: async (terms) => applied(await credit(shard(terms.receiverWalletId), terms, trace)),
    recordCompleted: async ({ transferId: id }) =>
      written('COMPLETED', await recordTransferStatus(transfer, id, { status: 'COMPLETED' }, trace)),
    async giveBack(terms) {
      const { outcome } = await cancelCredit(shard(terms.receiverWalletId), terms, 'timed_out');
      if (outcome === 'applied') throw new Error('the credit had been applied');
      await refund(shard(terms.senderWalletId), terms, '0.0000', 'timed_out', trace);
    },
    async recordFailed(terms) {
      const end = { status: 'FAILED', failureReason: 'timed_out' } as const;
      written('FAILED', await recordTransferStatus(transfer, terms.transferId, end, trace));
    },
    close: () => closeDatabases([transfer, ...shards]),
  };
}

/** The next transfer between the ground's wallets, under a key of its own. */
export function nextMovement({ nextPair }: Pick<Ground, 'nextPair'>): Movement {
  const { sender, receiver } = nextPair();
  const idempotencyKey = randomUUID();
  return {
    terms: {
      transferId: transferId(idempotencyKey),
      senderWalletId: sender,
      receiverWalletId: receiver,
      amount: '1.0000',
      currency: 'USD' as Currency,
    },
    idempotencyKey,
  };
}

function applied({ outcome }: { readonly outcome: string }): void {
  if (outcome !== 'applied') throw new LegRefused(`a leg was ${outcome}`);
}

function written(status: string, stored: { readonly status: string }): void {
  if (stored.status !== status) throw new Error(`${status} was written, ${stored.status} is stored`);
}
