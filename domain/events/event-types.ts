/** Every type of event, with the schema of its events. The list is closed: nothing else is ever written to an outbox. */
import { TRANSACTION_FAILURE_REASONS, type TransactionRefusal } from '../transfer/transaction.ts';
import { AUDIT_SHAPES } from '../audit-event.ts';
import { ACCOUNTING_SHAPES } from './accounting-shapes.ts';
import { DELIVERY_SHAPES } from './delivery-shapes.ts';
import { INVENTORY_SHAPES } from './inventory-shapes.ts';
import { ORDER_SHAPES } from './order-shapes.ts';
import { DISABLED_REASONS } from './webhook.ts';
import { TRANSFER_FAILURE_REASONS, type CreditRefusal, type DebitRefusal } from '../transfer/transfer.ts';
import {
  amount,
  currency,
  dataschemaOf,
  MOVEMENT_ID_EXAMPLE,
  oneOfTexts,
  schemaOf,
  uuid,
  type EventShape,
  type JsonSchema,
} from './event-schema.ts';

export interface EventType {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  /** The name of the data's shape, which each event of the type carries. */
  readonly dataschema: string;
  /** The JSON Schema of the event as a whole. */
  readonly schema: JsonSchema;
}

/** A conflict of terms is the fence's answer to another movement, and no refusal that an event tells of. */
type Refusals<Of extends string> = Record<Exclude<Of, 'terms_conflict'>, true>;

const DEBIT_REASONS: Refusals<DebitRefusal | Exclude<TransactionRefusal, 'balance_limit'>> = {
  insufficient_funds: true,
  sender_not_found: true,
  sender_suspended: true,
  wallet_not_found: true,
  wallet_suspended: true,
  currency_mismatch: true,
  limit_exceeded: true,
};
const CREDIT_REASONS: Refusals<CreditRefusal | Exclude<TransactionRefusal, 'insufficient_funds' | 'limit_exceeded'>> = {
  receiver_not_found: true,
  receiver_suspended: true,
  wallet_not_found: true,
  wallet_suspended: true,
  currency_mismatch: true,
  balance_limit: true,
};

const transferId = uuid('The transfer.', MOVEMENT_ID_EXAMPLE);
const transactionId = uuid('The transaction.', MOVEMENT_ID_EXAMPLE);
const walletId = uuid('The wallet.');

/** Of a transfer's leg or of a one-sided transaction. */
const ofMovement = { transfer_id: transferId, transaction_id: transactionId };

const ofTransfer = { source: 'urn:counterpoise:transfer', subject: 'The transfer.' };
const ofTransaction = { source: 'urn:counterpoise:transfer', subject: 'The transaction.' };
const ofWallet = { source: 'urn:counterpoise:wallet', subject: 'The wallet.' };

const SHAPES: readonly EventShape[] = [
  {
    ...ofTransfer,
    type: 'transfer.initiated',
    title: 'A transfer was accepted',
    description: 'It is stored and will run to its end, once it is approved if that is needed. No money has moved.',
    data: {
      transfer_id: transferId,
      sender_wallet_id: uuid('The wallet that pays.'),
      receiver_wallet_id: uuid('The wallet that is paid.'),
      amount,
      currency,
    },
  },
  {
    ...ofTransfer,
    type: 'transfer.completed',
    title: 'A transfer is completed',
    description: 'The money has arrived. Of a hold, the part that was captured has, and the rest is back.',
    data: { transfer_id: transferId },
  },
  {
    ...ofTransfer,
    type: 'transfer.failed',
    title: 'A transfer has failed',
    description: 'No money has moved, or all of it is back.',
    data: { transfer_id: transferId, reason: oneOfTexts('Why.', TRANSFER_FAILURE_REASONS) },
  },
  {
    ...ofTransfer,
    type: 'transfer.canceled',
    title: 'A transfer was canceled',
    description: 'It was canceled before its money arrived. All of it is back.',
    data: { transfer_id: transferId },
  },
  {
    ...ofTransaction,
    type: 'transaction.initiated',
    title: 'A transaction was accepted',
    description: 'Money from outside into a wallet (CREDIT), or out of it (DEBIT). It will run to its end.',
    data: {
      transaction_id: transactionId,
      wallet_id: walletId,
      type: oneOfTexts('Into the wallet, or out of it.', ['CREDIT', 'DEBIT']),
      amount,
      currency,
    },
  },
  {
    ...ofTransaction,
    type: 'transaction.processed',
    title: 'A transaction is processed',
    description: 'The money has moved.',
    data: { transaction_id: transactionId },
  },
  {
    ...ofTransaction,
    type: 'transaction.failed',
    title: 'A transaction has failed',
    description: 'No money has moved.',
    data: { transaction_id: transactionId, reason: oneOfTexts('Why.', TRANSACTION_FAILURE_REASONS) },
  },
  {
    ...ofWallet,
    type: 'wallet.debited',
    title: 'Money has left a wallet',
    description: "A transfer's debit, which a hold has too, or a transaction out of the wallet.",
    data: { wallet_id: walletId, amount },
    oneOf: ofMovement,
  },
  {
    ...ofWallet,
    type: 'wallet.credited',
    title: 'Money has come into a wallet',
    description: "A transfer's credit, or a transaction into the wallet.",
    data: { wallet_id: walletId, amount },
    oneOf: ofMovement,
  },
  {
    ...ofWallet,
    type: 'wallet.refunded',
    title: 'Money of a debit is back',
    description:
      'All that a transfer has debited, or the part of a hold that was not captured. The wallet is the one that is paid back: ' +
      'the external one if that has advanced the money before.',
    data: { transfer_id: transferId, wallet_id: walletId, amount },
  },
  {
    ...ofWallet,
    type: 'wallet.advanced',
    title: 'The sender was paid back in advance',
    description: 'An operator forced the refund of a stuck transfer, and the external wallet has advanced the money.',
    data: { transfer_id: transferId, wallet_id: walletId, amount },
  },
  {
    ...ofWallet,
    type: 'wallet.debit-failed',
    title: 'A debit was refused',
    description: 'For ever, for this movement.',
    data: { wallet_id: walletId, reason: oneOfTexts('Why.', Object.keys(DEBIT_REASONS)) },
    oneOf: ofMovement,
  },
  {
    ...ofWallet,
    type: 'wallet.credit-failed',
    title: 'A credit was refused',
    description: 'For ever, for this movement.',
    data: { wallet_id: walletId, reason: oneOfTexts('Why.', Object.keys(CREDIT_REASONS)) },
    oneOf: ofMovement,
  },
  {
    source: 'urn:counterpoise:events',
    subject: 'The webhook endpoint.',
    type: 'webhook-endpoint.disabled',
    title: 'A webhook endpoint was disabled',
    description: 'Nothing is sent to it until it is enabled again. Its place in the log is kept.',
    data: {
      webhook_endpoint_id: uuid('The endpoint.'),
      url: { type: 'string', format: 'uri', description: 'Where it was.', examples: ['https://example.com/hooks'] },
      reason: oneOfTexts('Why.', DISABLED_REASONS),
    },
  },
  ...ORDER_SHAPES,
  ...INVENTORY_SHAPES,
  ...DELIVERY_SHAPES,
  ...ACCOUNTING_SHAPES,
  ...AUDIT_SHAPES,
];

/** Ordered by type. */
export const EVENT_TYPES: readonly EventType[] = SHAPES.map((shape) => ({
  type: shape.type,
  title: shape.title,
  description: shape.description,
  dataschema: dataschemaOf(shape.type),
  schema: schemaOf(shape),
})).sort((a, b) => (a.type < b.type ? -1 : 1));
