/**
 * The routes of one-sided transactions: money that enters a wallet from outside or leaves it. The next step of a transaction's path
 * is workflows/transfer/transaction.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listTransactions } from '../../db/transfer/list-queries.ts';
import {
  acceptTransaction,
  findTransaction,
  findTransactionOf,
  type Transaction,
} from '../../db/transfer/transaction-queries.ts';
import { transactionId } from '../../domain/derived-id.ts';
import { kindOfTransaction } from '../../domain/transfer/movement-counts.ts';
import { transactionBodyHash } from '../../domain/transfer/movement-body.ts';
import { shardsOf } from '../../domain/routing.ts';
import { ofTenant } from '../../domain/tenant.ts';
import { TRANSACTION_FAILURE_REASONS, TRANSACTION_STATUSES } from '../../domain/transfer/transaction.ts';
import { startTransaction } from '../../temporal/transfer/start-movement.ts';
import { transactionWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import {
  AMOUNT_DESCRIPTION,
  amountField,
  exampleMovementId,
  exampleWalletId,
  idAnswer,
  transactionIdField,
  walletIdField,
} from '../http/fields.ts';
import { LIST_DESCRIPTION, LIST_PROBLEMS, listFilter, listQuery } from './list-filters.ts';
import {
  movementAnswerFields,
  movementHeaders,
  movementRequestFields,
  movementResponses,
  renderMovement,
  type MovementDeps,
} from './movement.ts';
import { noteFaults, precisionFaults } from './only-if-new.ts';
import { creationPage, listOf, pageSchema } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const typeField = z
  .enum(['CREDIT', 'DEBIT'], { error: faultCode('type_invalid') })
  .openapi({ description: 'CREDIT puts money into the wallet, DEBIT takes it out.' });

const transactionRequest = z
  .strictObject(
    {
      wallet_id: walletIdField,
      type: typeField,
      ...movementRequestFields,
      amount: amountField.openapi({
        description: `${AMOUNT_DESCRIPTION} At most the decimals of the currency's minor unit (USD 2, JPY 0, KWD 3), unless the service is set to \`AMOUNT_PRECISION=ledger\`; see \`GET /v1/currencies\`.`,
      }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('TransactionRequest');

const transactionAnswer = z
  .object({
    transaction_id: idAnswer(exampleMovementId),
    wallet_id: idAnswer(exampleWalletId),
    type: z.enum(['CREDIT', 'DEBIT']),
    status: z.enum(TRANSACTION_STATUSES).openapi({
      description: 'PROCESSED and FAILED are final. AWAITING_APPROVAL: see `GET /v1/approvals`.',
    }),
    failure_reason: z
      .enum(TRANSACTION_FAILURE_REASONS)
      .nullable()
      .openapi({ description: 'Why the transaction is FAILED.' }),
    ...movementAnswerFields,
  })
  .openapi('Transaction');

const post = createRoute({
  method: 'post',
  path: '/v1/transactions',
  operationId: 'createTransaction',
  summary: 'Put money into a wallet, or take it out',
  tags: ['Transactions'],
  description: `Moves money between a wallet and the outside world. Accepts the transaction and answers 202; the transaction is
PENDING. Read it again later, or send \`Prefer: wait=N\` to get the answer when it has ended. An unknown or suspended wallet, or
too little money, is a FAILED transaction with a \`failure_reason\` and not an error here: only the wallet service knows, when it
moves the money. If a policy demands approvals for the amount that is taken out, the transaction is AWAITING_APPROVAL first.`,
  middleware: [requiresInTenant('transactions:write'), readJson] as const,
  request: {
    headers: movementHeaders,
    body: { required: true, content: { 'application/json': { schema: transactionRequest } } },
  },
  responses: movementResponses(transactionAnswer, 'type_invalid'),
});

const get = createRoute({
  method: 'get',
  path: '/v1/transactions/{transaction_id}',
  operationId: 'getTransaction',
  summary: 'A transaction',
  tags: ['Transactions'],
  middleware: requiresInTenant('transfers:read'),
  request: { params: z.object({ transaction_id: transactionIdField }) },
  responses: {
    200: {
      description: 'The transaction as it is now.',
      content: { 'application/json': { schema: transactionAnswer } },
    },
    ...problemResponses('transaction_not_found', 'transaction_id_invalid', 'database_unavailable'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/transactions',
  operationId: 'listTransactions',
  summary: 'Transactions, newest first',
  tags: ['Transactions'],
  description: LIST_DESCRIPTION,
  middleware: requiresInTenant('transfers:read'),
  request: {
    query: listQuery({
      status: z.enum(TRANSACTION_STATUSES, { error: faultCode('status_invalid') }).optional(),
      type: typeField.optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of transactions.',
      content: { 'application/json': { schema: pageSchema(transactionAnswer) } },
    },
    ...problemResponses('status_invalid', 'type_invalid', ...LIST_PROBLEMS),
  },
});

export function transactionRoutes({ database, starter, acceptance, deadlineSeconds, amountPrecision }: MovementDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const { wallet_id: walletId, type, amount, currency, reference, metadata } = c.req.valid('json');
      const { tenant } = c.var.holder;
      const id = transactionId(idempotencyKey, tenant);
      const terms = { ...ofTenant(tenant), transactionId: id, walletId, type, amount, currency };
      const hash = transactionBodyHash({ ...terms, reference, metadata });
      c.var.log.setBindings({ transaction_id: id, wallet_id: walletId });

      const { row, status } = await acceptMovement(c, acceptance, {
        kind: kindOfTransaction({ type }),
        database,
        workflowId: transactionWorkflowId(id),
        bodyHash: hash,
        shards: shardsOf([walletId], starter.walletShardCount),
        find: () => findTransaction(database, id),
        faultsIfNew: [...precisionFaults(terms, 'outside', amountPrecision), ...noteFaults({ reference, metadata })],
        store: () =>
          acceptTransaction(
            database,
            terms,
            { reference, metadata, idempotencyKey, bodyHash: hash, deadlineSeconds, by: byWhom(c) },
            c.var.trace,
          ),
        start: (accepted) => startTransaction(starter, accepted),
        notifier: acceptance.notifiers?.transactions,
        isWaitOver: (transaction) => transaction.status !== 'PENDING' || transaction.attentionReason !== null,
      });

      c.header('Location', `/v1/transactions/${id}`);
      return c.json(render(row), status);
    })
    .openapi(get, async (c) => {
      const { transaction_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transaction_id: id });
      const transaction = await boundedQuery(database, () => findTransactionOf(database, c.var.holder.tenant, id));
      if (transaction === undefined)
        throw new ProblemError('transaction_not_found', { detail: `There is no transaction ${id}.` });
      return c.json(render(transaction), 200);
    })
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const { tenant } = c.var.holder;
      const filter = { ...listFilter(listOf(c), query), tenant, status: query.status, type: query.type };
      const listed = await boundedQuery(database, () => listTransactions(database, filter));
      const placeOf = ({ createdAt, transactionId: id }: Transaction) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit: query.limit, placeOf, render }), 200);
    });
}

function render(row: Transaction): z.input<typeof transactionAnswer> {
  return {
    transaction_id: row.transactionId,
    wallet_id: row.walletId,
    type: row.type,
    status: row.status,
    failure_reason: row.failureReason,
    ...renderMovement(row),
  };
}
