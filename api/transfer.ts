/**
 * The routes of transfers: accept one, show it, its steps and all of them. The first step of a transfer's path; the next is
 * workflows/transfer.ts. Imported by app.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { acceptTransfer, findTransfer, listSteps, listTransfers, type Transfer } from '../db/transfer/queries.ts';
import { transferId } from '../domain/derived-id.ts';
import type { TransferId } from '../domain/ids.ts';
import { transferBodyHash } from '../domain/movement-body.ts';
import { isTerminal, TRANSFER_FAILURE_REASONS, TRANSFER_STATUSES } from '../domain/transfer.ts';
import { startTransfer } from '../temporal/start-movement.ts';
import { transferWorkflowId } from '../workflows/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { databaseStep } from './database-step.ts';
import {
  exampleMovementId,
  exampleReceiverId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
  instantField,
  transferIdField,
  walletIdField,
} from './fields.ts';
import {
  movementAnswerFields,
  movementHeaders,
  movementRequestFields,
  movementResponses,
  renderMovement,
  type MovementDeps,
} from './movement.ts';
import { creationCursor, decodeCursor, pageOf, pageParameters, pageSchema } from './pagination.ts';
import { ProblemError } from './problem.ts';
import { PAGE_PROBLEMS, problemResponses } from './problem-schema.ts';
import { readJson } from './request-body.ts';
import type { ApiEnv } from './request-context.ts';
import { otherwise } from './validation.ts';

const transferRequest = z
  .strictObject(
    {
      sender_wallet_id: walletIdField,
      receiver_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      ...movementRequestFields,
    },
    { error: otherwise('body_invalid') },
  )
  .refine((body) => body.sender_wallet_id !== body.receiver_wallet_id, {
    error: 'same_wallet',
    path: ['receiver_wallet_id'],
  })
  .openapi('TransferRequest');

export const transferAnswer = z
  .object({
    transfer_id: idAnswer(exampleMovementId),
    sender_wallet_id: idAnswer(exampleWalletId),
    receiver_wallet_id: idAnswer(exampleReceiverId),
    status: z.enum(TRANSFER_STATUSES).openapi({ description: 'COMPLETED, FAILED and CANCELED are final.' }),
    failure_reason: z.enum(TRANSFER_FAILURE_REASONS).nullable().openapi({ description: 'Why it is FAILED.' }),
    ...movementAnswerFields,
  })
  .openapi('Transfer');

const stepAnswer = z
  .object({
    step: z.enum([...TRANSFER_STATUSES, 'ATTENTION']),
    reason: z.string().nullable(),
    at: instantAnswer,
  })
  .openapi('TransferStep');

const post = createRoute({
  method: 'post',
  path: '/v1/transfers',
  operationId: 'createTransfer',
  summary: 'Transfer money between two wallets',
  tags: ['Transfers'],
  description: `Accepts the transfer and answers 202 with it as PENDING: from here on it runs to its end, whatever fails. Ask for it
again, or send \`Prefer: wait=N\` to be answered when it has ended.

**An unknown wallet is a FAILED transfer and not a 404**, as are a suspended wallet and too little money. The transfer service
does not own wallets, and what it could find out about them when it accepts a transfer may not be so any more when the money
moves. The debit knows, and the credit does; what they refuse is the transfer's \`failure_reason\` (\`sender_not_found\`,
\`receiver_not_found\`, \`insufficient_funds\` …), and whatever had been debited has been given back.`,
  middleware: readJson,
  request: {
    headers: movementHeaders,
    body: { required: true, content: { 'application/json': { schema: transferRequest } } },
  },
  responses: movementResponses(transferAnswer, 'same_wallet'),
});

const idParameter = z.object({ transfer_id: transferIdField });

const get = createRoute({
  method: 'get',
  path: '/v1/transfers/{transfer_id}',
  operationId: 'getTransfer',
  summary: 'A transfer',
  tags: ['Transfers'],
  request: { params: idParameter },
  responses: {
    200: { description: 'The transfer as it is now.', content: { 'application/json': { schema: transferAnswer } } },
    ...problemResponses('transfer_not_found', 'transfer_id_invalid', 'database_unavailable'),
  },
});

const getSteps = createRoute({
  method: 'get',
  path: '/v1/transfers/{transfer_id}/steps',
  operationId: 'listTransferSteps',
  summary: 'What happened to a transfer, and when',
  tags: ['Transfers'],
  description:
    'In the order in which it happened, kept for ever; from the database alone, so also while Temporal is down.',
  request: { params: idParameter },
  responses: {
    200: {
      description: 'Its steps.',
      content: { 'application/json': { schema: z.object({ data: z.array(stepAnswer) }) } },
    },
    ...problemResponses('transfer_not_found', 'transfer_id_invalid', 'database_unavailable'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/transfers',
  operationId: 'listTransfers',
  summary: 'Transfers, newest first',
  tags: ['Transfers'],
  request: {
    query: z.strictObject({
      status: z.enum(TRANSFER_STATUSES, { error: otherwise('status_invalid') }).optional(),
      wallet_id: walletIdField.optional().openapi({ description: 'As sender or receiver.' }),
      created_after: instantField.optional().openapi({ description: 'This instant included.' }),
      created_before: instantField.optional().openapi({ description: 'This instant excluded.' }),
      ...pageParameters,
    }),
  },
  responses: {
    200: {
      description: 'A page of transfers.',
      content: { 'application/json': { schema: pageSchema(transferAnswer) } },
    },
    ...problemResponses(
      'status_invalid',
      'wallet_id_invalid',
      'instant_invalid',
      ...PAGE_PROBLEMS,
      'database_unavailable',
    ),
  },
});

export function transferRoutes({ database, starter, acceptance, deadlineSeconds }: MovementDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const {
        sender_wallet_id: senderWalletId,
        receiver_wallet_id: receiverWalletId,
        amount,
        currency,
        reference,
        metadata,
      } = c.req.valid('json');
      const id = transferId(idempotencyKey);
      const terms = { transferId: id, senderWalletId, receiverWalletId, amount, currency };
      const hash = transferBodyHash({ ...terms, reference, metadata });
      c.var.log.setBindings({ transfer_id: id });

      const { row, status } = await acceptMovement(c, acceptance, {
        database,
        workflowId: transferWorkflowId(id),
        bodyHash: hash,
        find: () => findTransfer(database, id),
        store: () =>
          acceptTransfer(
            database,
            terms,
            { reference, metadata, idempotencyKey, bodyHash: hash, deadlineSeconds },
            c.var.trace,
          ),
        start: (accepted) => startTransfer(starter, accepted),
        isSettled: (transfer) => isTerminal(transfer.status) || transfer.attentionReason !== null,
      });

      c.header('Location', `/v1/transfers/${id}`);
      return c.json(renderTransfer(row), status);
    })
    .openapi(get, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transfer_id: id });
      const transfer = await databaseStep(database, () => findTransfer(database, id));
      if (transfer === undefined) throw notFound(id);
      return c.json(renderTransfer(transfer), 200);
    })
    .openapi(getSteps, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transfer_id: id });
      const steps = await databaseStep(database, () => listSteps(database, id));
      if (steps.length === 0) throw notFound(id);
      return c.json(
        { data: steps.map(({ step, reason, createdAt }) => ({ step, reason, at: createdAt.toISOString() })) },
        200,
      );
    })
    .openapi(list, async (c) => {
      const {
        status,
        wallet_id: walletId,
        created_after: createdAfter,
        created_before: createdBefore,
        limit,
        cursor,
      } = c.req.valid('query');
      const position = decodeCursor(creationCursor, cursor);
      const after = position && { createdAt: position[0], transferId: position[1] as TransferId };
      const rows = await databaseStep(database, () =>
        listTransfers(database, { status, walletId, createdAfter, createdBefore, after, limit: limit + 1 }),
      );
      return c.json(
        pageOf(rows, {
          limit,
          render: renderTransfer,
          cursorOf: (row) => [row.createdAt.toISOString(), row.transferId],
        }),
        200,
      );
    });
}

export function renderTransfer(row: Transfer): z.input<typeof transferAnswer> {
  return {
    transfer_id: row.transferId,
    sender_wallet_id: row.senderWalletId,
    receiver_wallet_id: row.receiverWalletId,
    status: row.status,
    failure_reason: row.failureReason,
    ...renderMovement(row),
  };
}

function notFound(id: TransferId): ProblemError {
  return new ProblemError('transfer_not_found', { detail: `There is no transfer ${id}.` });
}
