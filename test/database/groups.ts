// Transfers of a group for the database tests, each asked for by a request of its own.

import { randomUUID } from 'node:crypto';
import type { PlainTransfer } from '../../db/transfer/group-queries.ts';
import { bodyHash } from '../../domain/derived-id.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { GroupLegs } from '../../domain/transfer/group.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';

export function groupOf(): GroupId {
  return randomUUID() as GroupId;
}

/** Texts that an array's literal, JSON or SQL could be misled by. */
const TEXTS = ['a "reference", {1}\\', 'NULL', "it's", '{}', '', ' line\nand\ttab ', '“ünïcode” 🏦'];

/** The transfer as its request asks for it: the same terms give the same request. */
export function asked(terms: TransferTerms): PlainTransfer {
  const { transferId } = terms;
  const nth = Number.parseInt(transferId.slice(0, 4), 16);
  const text = TEXTS[nth % TEXTS.length]!;
  return {
    terms,
    acceptance: {
      reference: nth % 3 === 0 ? undefined : text || 'none',
      metadata: nth % 4 === 0 ? undefined : { [`key ${text}`]: text, order: transferId },
      idempotencyKey: `key "${transferId}"`,
      bodyHash: bodyHash([transferId]),
      deadlineSeconds: 60 + (nth % 100),
    },
    trace: {
      requestId: `request-{"${transferId}"}`,
      ...(nth % 2 === 0 ? {} : { traceparent: `00-${transferId.replaceAll('-', '')}-00f067aa0ba902b7-01` }),
    },
  };
}

export function tracesOf(terms: readonly TransferTerms[]): ReadonlyMap<TransferId, TraceContext> {
  return new Map(terms.map((each) => [each.transferId, asked(each).trace]));
}

/** One side of these transfers, as the transfer service hands it on. */
export function legsOf(side: 'sender' | 'receiver', terms: readonly TransferTerms[]): GroupLegs {
  const [own, other] =
    side === 'sender'
      ? (['senderWalletId', 'receiverWalletId'] as const)
      : (['receiverWalletId', 'senderWalletId'] as const);
  return {
    transferIds: terms.map(({ transferId }) => transferId),
    walletIds: terms.map((each) => each[own]),
    currencies: terms.map(({ currency }) => currency),
    amounts: terms.map(({ amount }) => amount),
    counterpartyIds: terms.map((each) => each[other]),
    traces: terms.map((each) => asked(each).trace),
  };
}
