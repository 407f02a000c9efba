/**
 * O1 to O8 over the databases of the services of orders. Each file says what it can conclude while orders run: the order database's
 * snapshot is the oldest, then accounting, delivery, the transfers and wallets, and the inventory's is the youngest (audit.ts). What
 * the order database does not show at all is looked for in it as it is now: an order is stored before anything else of it.
 */
import { checkBooks } from '../books.ts';
import type { Findings } from '../findings.ts';
import { checkCourses } from './courses.ts';
import { checkCreditNotes, checkInvoices } from './invoices.ts';
import type { OrderReaders } from './known-orders.ts';
import { checkOrderEvents } from './order-events.ts';
import { checkOrderMoney } from './order-money.ts';
import { checkReservations, checkShipments } from './reservations.ts';
import { checkReturns } from './returns.ts';
import { checkStock } from './stock.ts';

export async function checkOrders(readers: OrderReaders, findings: Findings): Promise<void> {
  await checkStock(readers.inventory, findings);
  await checkCourses(readers, findings);
  await checkReturns(readers, findings);
  await checkReservations(readers, findings);
  await checkShipments(readers, findings);
  await checkOrderMoney(readers, findings);
  await checkInvoices(readers, findings);
  await checkCreditNotes(readers, findings);
  const books = await checkBooks(readers.accounting, findings);
  for (const what of ['sellers', 'journals', 'invoices', 'credit_notes'] as const) findings.count(what, books[what]);
  await checkOrderEvents(readers, findings);
}
