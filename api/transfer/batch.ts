/** The routes of batches: accept up to ten thousand transfers at once, show how far they are. Next: workflows/transfer/batch.ts. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { listBatchItems, type BatchItemResult } from '../../db/transfer/batch-items.ts';
import { findBatch, listBatches, type TransferBatch } from '../../db/transfer/batch-queries.ts';
import { listProposedItems } from '../../db/transfer/waiting-batches.ts';
import { BATCH_ITEMS_MAX, BATCH_STATUSES } from '../../domain/transfer/batch.ts';
import { batchId, batchTransferIds } from '../../domain/derived-id.ts';
import { shardsOf } from '../../domain/routing.ts';
import type { BatchId } from '../../domain/ids.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { TRANSFER_FAILURE_REASONS, TRANSFER_STATUSES } from '../../domain/transfer/transfer.ts';
import { startBatch } from '../../temporal/transfer/start-movement.ts';
import { batchWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { BATCH_BYTES_MAX, batchItem, ITEM_REFERENCE, ITEM_SCHEMA, judgeItems } from './batch-item.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import {
  amountAnswer,
  batchIdField,
  exampleMovementId,
  exampleReceiverId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
} from '../http/fields.ts';
import { attentionAnswer, movementHeaders, movementResponses, renderAttention, type MovementDeps } from './movement.ts';
import { itemFaults } from './only-if-new.ts';
import {
  creationPage,
  decodeCursor,
  listOf,
  pageOf,
  pageParameters,
  pageSchema,
  placeAfter,
} from '../http/pagination.ts';
import { storing } from './store-batch.ts';
import { ProblemError } from '../http/problem.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJsonUpTo } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

export interface BatchDeps extends MovementDeps {
  /** The transfer service's database, by a pool for acceptances alone that allows time for ten thousand items. */
  readonly batchDatabase: Database;
}

/** The limit for accepting ten thousand items: longer than the pool waits for one reply. */
const ACCEPTANCE_LIMIT_MS = 5_000;

const batchRequest = z
  .strictObject(
    {
      // The number of items is judged before the items.
      items: z
        .array(z.unknown(), { error: faultCode('items_invalid') })
        .min(1, 'items_invalid')
        .max(BATCH_ITEMS_MAX, 'items_invalid')
        .transform(judgeItems)
        .openapi({ type: 'array', minItems: 1, maxItems: BATCH_ITEMS_MAX, items: { $ref: ITEM_REFERENCE } }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('TransferBatchRequest');

const batchAnswer = z
  .object({
    batch_id: idAnswer(exampleMovementId),
    status: z.enum(BATCH_STATUSES).openapi({
      description: `COMPLETED once no item is pending, even if some items failed. AWAITING_APPROVAL: see \`GET /v1/approvals\`; its id is that of
the batch. CANCELED: it was not approved, and nothing has moved.`,
    }),
    counts: z.object({ total: z.int(), pending: z.int(), completed: z.int(), failed: z.int() }).openapi({
      example: { total: 3, pending: 1, completed: 2, failed: 0 },
      description: '`failed` counts the items that are FAILED or CANCELED.',
    }),
    attention: attentionAnswer,
    created_at: instantAnswer,
    updated_at: instantAnswer,
    deadline_at: instantAnswer.openapi({
      description: 'When items that have not arrived are given up and compensated.',
    }),
  })
  .openapi('TransferBatch');

const itemAnswer = z
  .object({
    index: z.int().openapi({ example: 0, description: 'The place of the item in the batch, from 0.' }),
    transfer_id: idAnswer(exampleMovementId),
    sender_wallet_id: idAnswer(exampleWalletId),
    receiver_wallet_id: idAnswer(exampleReceiverId),
    amount: amountAnswer,
    currency: z.string().openapi({ example: 'USD' }),
    reference: z.string().nullable().openapi({ example: 'invoice 4711' }),
    status: z.enum(TRANSFER_STATUSES),
    failure_reason: z.enum(TRANSFER_FAILURE_REASONS).nullable(),
  })
  .openapi('TransferBatchItem');

const tags = ['Batches'];
const reading = { tags, middleware: requiresInTenant('transfers:read') };
const one = { params: z.object({ batch_id: batchIdField }) };
const oneProblems = ['batch_not_found', 'batch_id_invalid', 'database_unavailable'] as const;

const post = createRoute({
  method: 'post',
  path: '/v1/transfer-batches',
  operationId: 'createTransferBatch',
  summary: `Make up to ${BATCH_ITEMS_MAX} transfers at once`,
  tags,
  description: `Accepts every item or none: if an item does not validate, the batch is refused with a pointer to that item, and
nothing is stored. After that each item succeeds or fails by itself, like a single transfer, and can be read as a transfer.

All debits are made first, in the order of the items, and then all credits. So if a wallet cannot pay for all its items, the first
ones are paid, and **no item can spend what another item of the same batch brings**.

One workflow moves the whole batch, so a single item cannot be canceled. A body may have 16 MiB.

If a policy demands approvals, for one of its items or for their sum in a currency, the batch is AWAITING_APPROVAL first. Its items can be read as
those of a batch, and are no transfers before it is approved. If it is rejected or nobody approves it in time, it is CANCELED with all of them. A
vote is under one policy, so a batch that needs approvals in more than one currency, or in one while another one's policy has a sum of 24 hours, is
refused with \`approval_required\`: send one for each.`,
  middleware: [requiresInTenant('transfers:write'), readJsonUpTo(BATCH_BYTES_MAX)] as const,
  request: {
    headers: movementHeaders,
    body: { required: true, content: { 'application/json': { schema: batchRequest } } },
  },
  responses: movementResponses(batchAnswer, 'items_invalid', 'item_invalid', 'same_wallet', 'approval_required'),
});

const get = createRoute({
  method: 'get',
  path: '/v1/transfer-batches/{batch_id}',
  operationId: 'getTransferBatch',
  summary: 'A batch and its progress',
  ...reading,
  request: one,
  responses: {
    200: { description: 'The batch as it is now.', content: { 'application/json': { schema: batchAnswer } } },
    ...problemResponses(...oneProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/transfer-batches',
  operationId: 'listTransferBatches',
  summary: 'Batches, newest first',
  ...reading,
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page of batches.', content: { 'application/json': { schema: pageSchema(batchAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const getItems = createRoute({
  method: 'get',
  path: '/v1/transfer-batches/{batch_id}/items',
  operationId: 'listTransferBatchItems',
  summary: 'The items of a batch and their statuses, in their order',
  ...reading,
  request: { ...one, query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page of its items.', content: { 'application/json': { schema: pageSchema(itemAnswer) } } },
    ...problemResponses(...oneProblems, ...PAGE_PROBLEMS),
  },
});

export function batchRoutes(deps: BatchDeps) {
  const { database, batchDatabase, starter, acceptance, deadlineSeconds, amountPrecision } = deps;
  const store = storing(batchDatabase);
  const app = new OpenAPIHono<ApiEnv>();
  app.openAPIRegistry.register(ITEM_SCHEMA, batchItem);
  return app
    .openapi(post, async (c) => {
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const { tenant } = c.var.holder;
      const id = batchId(idempotencyKey, tenant);
      const items = itemsOf(id, c.req.valid('json').items);
      const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
      c.var.log.setBindings({ batch_id: id });
      const asked = { tenant, batchId: id, idempotencyKey, bodyHash, deadlineSeconds, by: byWhom(c) };

      const { row, status } = await acceptMovement(c, acceptance, {
        // No notifier: the end of a batch is written in parts, and heard of from Temporal.
        ...{ kind: 'batch_item' as const, count: items.length, database: batchDatabase },
        storeLimitMs: ACCEPTANCE_LIMIT_MS,
        workflowId: batchWorkflowId(id),
        bodyHash,
        shards: shardsOf(
          items.flatMap(({ senderWalletId, receiverWalletId }) => [senderWalletId, receiverWalletId]),
          starter.walletShardCount,
        ),
        find: () => findBatch(database, id),
        faultsIfNew: itemFaults(items, amountPrecision),
        // Looked for first: a repeat then sends no items to the database, and a database that is down is noticed sooner.
        store: async () =>
          (await findBatch(database, id)) === undefined ? store({ ...asked, items }, c.var.trace) : undefined,
        isCountedLater: ({ status }) => status === 'AWAITING_APPROVAL',
        start: (accepted) => startBatch(starter, accepted),
        isWaitOver: (batch) => batch.status !== 'PROCESSING' || batch.attentionReason !== null,
      });

      c.header('Location', `/v1/transfer-batches/${id}`);
      return c.json(render(row), status);
    })
    .openapi(get, async (c) => {
      const { batch_id: id } = c.req.valid('param');
      c.var.log.setBindings({ batch_id: id });
      return c.json(render(await boundedQuery(database, () => existing(c, database, id))), 200);
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const filter = { tenant: c.var.holder.tenant, after, limit: limit + 1 };
      const listed = await boundedQuery(database, () => listBatches(database, filter));
      const placeOf = ({ createdAt, batchId: id }: TransferBatch) => ({ createdAt, id });
      return c.json(creationPage(c, listed, { limit, placeOf, render }), 200);
    })
    .openapi(getItems, async (c) => {
      const { batch_id: id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      c.var.log.setBindings({ batch_id: id });
      const after = decodeCursor(listOf(c), z.int().nonnegative().max(BATCH_ITEMS_MAX), cursor);
      const rows = await boundedQuery(database, async () => {
        const batch = await existing(c, database, id);
        const listed = { after, limit: limit + 1 };
        return batch.status === 'AWAITING_APPROVAL' || batch.status === 'CANCELED'
          ? listProposedItems(database, batch, listed)
          : listBatchItems(database, id, listed);
      });
      return c.json(pageOf(rows, { list: listOf(c), limit, render: renderItem, cursorOf: (row) => row.index }), 200);
    });
}

function itemsOf(id: BatchId, requested: z.output<typeof batchRequest>['items']) {
  const transferIds = batchTransferIds(id, requested.length);
  return requested.map((item, index) => {
    const terms = {
      senderWalletId: item.sender_wallet_id,
      receiverWalletId: item.receiver_wallet_id,
      amount: item.amount,
      currency: item.currency,
      reference: item.reference,
    };
    return { ...terms, transferId: transferIds[index]!, bodyHash: transferBodyHash(terms) };
  });
}

async function existing(c: Context<ApiEnv>, database: Database, id: BatchId): Promise<TransferBatch> {
  const batch = await findBatch(database, id);
  if (batch === undefined || batch.tenant !== c.var.holder.tenant)
    throw new ProblemError('batch_not_found', { detail: `There is no batch ${id}.` });
  return batch;
}

function render(row: TransferBatch): z.input<typeof batchAnswer> {
  const { itemCount: total, completedCount: completed, failedCount: failed } = row;
  return {
    batch_id: row.batchId,
    status: row.status,
    counts: { total, pending: total - completed - failed, completed, failed },
    attention: renderAttention(row),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    deadline_at: row.deadlineAt.toISOString(),
  };
}

function renderItem(item: BatchItemResult): z.input<typeof itemAnswer> {
  return {
    index: item.index,
    transfer_id: item.transferId,
    sender_wallet_id: item.senderWalletId,
    receiver_wallet_id: item.receiverWalletId,
    amount: item.amount,
    currency: item.currency,
    reference: item.reference,
    status: item.status,
    failure_reason: item.failureReason,
  };
}
