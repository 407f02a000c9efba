/**
 * The sale of a ticket, as a saga over two services that know nothing of each other: this one, with its database, and Counterpoise.
 *
 *   reserve a seat ▶ hold the price ▶ issue the ticket ▶ capture the price
 *                                     └ the pivot: a ticket that is out is paid, and none is out that is not
 */
import { proxyActivities } from '@temporalio/workflow';
// In a package of your own: 'counterpoise-saga'.
import { saga, type Ended, type How } from '../../saga/saga.ts';
import type { Held, PaymentActivities } from './payments.ts';
import type { Sale } from './sale.ts';
import type { Seat, TicketActivities, Ticket } from './tickets.ts';

// Without a task queue, they run on the workflow's.
const tickets = (how: How) => proxyActivities<TicketActivities>(how);
const payments = (how: How) => proxyActivities<PaymentActivities>({ ...how, startToCloseTimeout: '5 seconds' });

export function sellTicket(sale: Sale): Promise<Ended<{ reserve: Seat; hold: Held; issue: Ticket }>> {
  return saga()
    .step('reserve', {
      do: (how) => tickets(how).reserveSeat(sale),
      undo: (how) => tickets(how).releaseSeat(sale),
    })
    .step('hold', {
      do: (how) => payments(how).holdPrice(sale),
      undo: (how) => payments(how).cancelHold(sale),
    })
    .pivot('issue', {
      do: (how, { reserve, hold }) => tickets(how).issueTicket(sale, reserve, hold.expiresAt),
      undo: (how) => tickets(how).forbidTicket(sale),
    })
    .forward('capture', (how, { hold }) => payments(how).capturePrice(hold))
    .run();
}
