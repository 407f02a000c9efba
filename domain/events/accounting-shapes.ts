/** The types of events that the accounting service writes. */
import { amount, currency, MOVEMENT_ID_EXAMPLE, numeral, oneOfTexts, uuid, type EventShape } from './event-schema.ts';

const ofInvoice = { source: 'urn:counterpoise:accounting', subject: 'The invoice, by the id of its consignment.' };
const ofCreditNote = { source: 'urn:counterpoise:accounting', subject: 'The credit note, by the id of its return.' };
const document = {
  order_id: uuid('The order.'),
  seller_wallet_id: uuid('The wallet of the seller, whose books these are.'),
  amount,
  currency,
};
const invoice = {
  invoice_id: uuid('The invoice: the id of its consignment.'),
  ...document,
  consignment: numeral('The number of the consignment within the order.'),
  buyer_wallet_id: uuid('The wallet of the buyer.'),
  number: numeral("The number within the seller's invoices, which has no gaps."),
};
const creditNote = {
  credit_note_id: uuid('The credit note: the id of its return.'),
  ...document,
  number: numeral("The number within the seller's credit notes, which has no gaps."),
};
const transferId = uuid('The transfer that has moved the money.', MOVEMENT_ID_EXAMPLE);

export const ACCOUNTING_SHAPES: readonly EventShape[] = [
  {
    ...ofInvoice,
    type: 'invoice.issued',
    title: 'An invoice was issued',
    description: 'It is paid, or its money could not be had, and is due.',
    data: { ...invoice, status: oneOfTexts('Whether it is paid.', ['PAID', 'DUE']) },
  },
  {
    ...ofInvoice,
    type: 'invoice.collected',
    title: 'An invoice that was due is paid',
    description: 'By a transfer of its own.',
    data: { ...invoice, transfer_id: transferId },
  },
  {
    ...ofInvoice,
    type: 'invoice.written-off',
    title: 'An invoice that was due is written off',
    description: 'It will never be paid.',
    data: invoice,
  },
  {
    ...ofCreditNote,
    type: 'credit-note.issued',
    title: 'A credit note was issued',
    description: 'Goods have come back, and the seller owes the buyer their price.',
    data: creditNote,
  },
  {
    ...ofCreditNote,
    type: 'refund.posted',
    title: 'A credit note is paid back',
    description: 'The buyer has the money.',
    data: { ...creditNote, transfer_id: transferId },
  },
];
