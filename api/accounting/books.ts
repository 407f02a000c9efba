/** The routes of the books: invoices, credit notes, journals and the trial balance. All of them are read; orders write them. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  findInvoice,
  listAccounts,
  listCreditNotes,
  listInvoices,
  listJournals,
  type BookFilter,
} from '../../db/accounting/book-queries.ts';
import type { Database } from '../../db/database.ts';
import { INVOICE_STATUSES } from '../../domain/accounting/books.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { invoiceIdField, orderIdField, walletIdField } from '../http/fields.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import {
  creditNoteAnswer,
  invoiceAnswer,
  journalAnswer,
  renderCreditNote,
  renderInvoice,
  renderJournal,
  renderTrialBalance,
  trialBalanceAnswer,
} from './answer.ts';

const tags = ['Books'];
const ofBooks = { seller_wallet_id: walletIdField.optional(), order_id: orderIdField.optional() };
const listProblems = [
  ...PAGE_PROBLEMS,
  'wallet_id_invalid',
  'order_id_invalid',
  'database_unavailable',
  'orders_not_configured',
] as const;
const description = `A filter tests at most 10,000 documents for one page: a page may be short, and even empty, and has a
\`next_cursor\` as long as there may be more.`;

const page = <Item extends z.ZodType>(items: string, item: Item) => ({
  description: `A page of ${items}.`,
  content: { 'application/json': { schema: pageSchema(item) } },
});

const getInvoices = createRoute({
  method: 'get',
  path: '/v1/invoices',
  operationId: 'listInvoices',
  summary: 'Invoices, newest first',
  tags,
  description,
  middleware: requiresInTenant('orders:read'),
  request: {
    query: z.strictObject({
      ...ofBooks,
      buyer_wallet_id: walletIdField.optional(),
      status: z.enum(INVOICE_STATUSES, { error: faultCode('status_invalid') }).optional(),
      ...pageParameters,
    }),
  },
  responses: { 200: page('invoices', invoiceAnswer), ...problemResponses(...listProblems, 'status_invalid') },
});

const getInvoice = createRoute({
  method: 'get',
  path: '/v1/invoices/{invoice_id}',
  operationId: 'getInvoice',
  summary: 'An invoice',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params: z.object({ invoice_id: invoiceIdField }) },
  responses: {
    200: { description: 'The invoice as it is now.', content: { 'application/json': { schema: invoiceAnswer } } },
    ...problemResponses('invoice_not_found', 'invoice_id_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const getCreditNotes = createRoute({
  method: 'get',
  path: '/v1/credit-notes',
  operationId: 'listCreditNotes',
  summary: 'Credit notes, newest first',
  tags,
  description,
  middleware: requiresInTenant('orders:read'),
  request: { query: z.strictObject({ ...ofBooks, ...pageParameters }) },
  responses: { 200: page('credit notes', creditNoteAnswer), ...problemResponses(...listProblems) },
});

const getJournals = createRoute({
  method: 'get',
  path: '/v1/journals',
  operationId: 'listJournals',
  summary: 'Journals with their lines, newest first',
  tags,
  description: `Each line moves one amount from the credit account to the debit account, so each journal balances. ${description}`,
  middleware: requiresInTenant('orders:read'),
  request: { query: z.strictObject({ ...ofBooks, ...pageParameters }) },
  responses: { 200: page('journals', journalAnswer), ...problemResponses(...listProblems) },
});

const getTrialBalance = createRoute({
  method: 'get',
  path: '/v1/trial-balance',
  operationId: 'getTrialBalance',
  summary: "The accounts of a seller's books, whose balances sum to zero",
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { query: z.strictObject({ seller_wallet_id: walletIdField }) },
  responses: {
    200: {
      description: 'All accounts, at one instant. None if nothing was ever posted, and for a wallet that is not there.',
      content: { 'application/json': { schema: trialBalanceAnswer } },
    },
    ...problemResponses(
      'field_missing',
      'wallet_id_invalid',
      'unknown_parameter',
      'database_unavailable',
      'orders_not_configured',
    ),
  },
});

export function bookRoutes(database: Database) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(getInvoices, async (c) => {
      const { buyer_wallet_id: buyerWalletId, status, ...query } = c.req.valid('query');
      const filter = { ...filterOf(c, query), buyerWalletId, status };
      const listed = await boundedQuery(database, () => listInvoices(database, filter));
      return c.json(
        paged(c, query.limit, listed, renderInvoice, (row) => row.invoiceId),
        200,
      );
    })
    .openapi(getInvoice, async (c) => {
      const { invoice_id: id } = c.req.valid('param');
      const invoice = await boundedQuery(database, () => findInvoice(database, id, c.var.holder.tenant));
      if (invoice === undefined) throw new ProblemError('invoice_not_found', { detail: `There is no invoice ${id}.` });
      return c.json(renderInvoice(invoice), 200);
    })
    .openapi(getCreditNotes, async (c) => {
      const query = c.req.valid('query');
      const listed = await boundedQuery(database, () => listCreditNotes(database, filterOf(c, query)));
      return c.json(
        paged(c, query.limit, listed, renderCreditNote, (row) => row.creditNoteId),
        200,
      );
    })
    .openapi(getJournals, async (c) => {
      const query = c.req.valid('query');
      const listed = await boundedQuery(database, () => listJournals(database, filterOf(c, query)));
      return c.json(
        paged(c, query.limit, listed, renderJournal, (row) => row.journalId),
        200,
      );
    })
    .openapi(getTrialBalance, async (c) => {
      const { seller_wallet_id: seller } = c.req.valid('query');
      return c.json(
        renderTrialBalance(
          seller,
          await boundedQuery(database, () => listAccounts(database, seller, c.var.holder.tenant)),
        ),
        200,
      );
    });
}

interface BookQuery {
  readonly seller_wallet_id?: z.output<typeof walletIdField> | undefined;
  readonly order_id?: z.output<typeof orderIdField> | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

function filterOf(
  c: Context<ApiEnv>,
  { seller_wallet_id: sellerWalletId, order_id: orderId, cursor, limit }: BookQuery,
) {
  // One more than the page has, which says whether another page follows.
  return { tenant: c.var.holder.tenant, sellerWalletId, orderId, after: placeAfter(c, cursor), limit: limit + 1 };
}

function paged<Row extends { readonly createdAt: Date }, Item>(
  c: Context<ApiEnv>,
  limit: number,
  listed: { readonly rows: readonly Row[]; readonly stoppedAt: BookFilter['after'] },
  render: (row: Row) => Item,
  idOf: (row: Row) => string,
) {
  return creationPage(c, listed, { limit, render, placeOf: (row) => ({ createdAt: row.createdAt, id: idOf(row) }) });
}
