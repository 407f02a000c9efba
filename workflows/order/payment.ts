/**
 * The payment of a consignment whose goods have left: capture ▶ invoice. A hold that is lost leaves it due, until an operator has it
 * collected again, or writes it off.
 */
import { condition } from '@temporalio/workflow';
import { amountOf, pricedLines, shippingOf } from '../../domain/order/money.ts';
import type { OrderAction, StoredConsignment } from '../../domain/order/operations.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { ACCOUNTING_TASK_QUEUE } from '../accounting/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

export interface Payment {
  readonly isDue: () => boolean;
  /** For one that is due. */
  readonly resolve: (action: Exclude<OrderAction, 'retry'>) => void;
  /** Runs until the consignment is paid, or given up by an operator. */
  readonly run: () => Promise<void>;
}

export function createPayment(
  { terms, trace, holdSeconds }: OrderInput,
  stored: StoredConsignment,
  { insist, show }: Attention,
): Payment {
  const { orderId, sellerWalletId, buyerWalletId, currency } = terms;
  const { n, transferId } = stored;
  const amount = amountOf(terms, stored);
  const own = { orderId, n, trace };
  const books = { orderId, n, sellerWalletId, currency, trace, ...sameTenant(terms) };
  let isDue = false;
  let resolution: Exclude<OrderAction, 'retry'> | undefined;

  return {
    isDue: () => isDue,
    resolve: (action) => {
      resolution = action;
    },
    run: pay,
  };

  async function pay(): Promise<void> {
    if (stored.money === 'DUE') return settleDue();
    if (stored.money !== 'HELD') return;
    const hold = { orderId, trace, transferId, ...sameTenant(terms) };
    const isPaid = (await insist('captureHold', ORDER_TASK_QUEUE, hold)).outcome === 'captured';
    const { number } = await insist('postInvoice', ACCOUNTING_TASK_QUEUE, {
      ...books,
      buyerWalletId,
      lines: pricedLines(terms, stored),
      shippingAmount: shippingOf(terms, stored),
      ...(isPaid ? { paidBy: transferId } : {}),
    });
    const money = isPaid ? ('CAPTURED' as const) : ('DUE' as const);
    await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money, invoiceNumber: number });
    if (!isPaid) await settleDue();
  }

  /** The goods have left and the hold is lost: an operator collects the money again, or writes it off. */
  async function settleDue(): Promise<void> {
    isDue = true;
    let over = show('payment_due', 'the hold ended before it was captured');
    for (;;) {
      await condition(() => resolution !== undefined);
      const action = resolution;
      resolution = undefined;
      const payment = { ...own, terms, amount, holdSeconds };
      // A collection that a run before this one has begun may have arrived, or arrive late: what is written off is never collected.
      const collected =
        action === 'write_off'
          ? await insist('closeCollection', ORDER_TASK_QUEUE, payment)
          : await insist('collect', ORDER_TASK_QUEUE, payment);
      if (collected.outcome === 'closed') {
        await insist('settleDue', ACCOUNTING_TASK_QUEUE, { ...books, settlement: { how: 'written_off' } });
        await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'WRITTEN_OFF' });
        break;
      }
      if (collected.outcome === 'collected') {
        const paidBy = { transferId: collected.transferId };
        await insist('settleDue', ACCOUNTING_TASK_QUEUE, { ...books, settlement: { how: 'collected', ...paidBy } });
        await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'COLLECTED', ...paidBy });
        break;
      }
      over();
      over = show('payment_due', `the buyer's wallet refused the payment: ${collected.reason}`);
    }
    isDue = false;
    over();
  }
}
