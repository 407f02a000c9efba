/**
 * The routes of transfers: accept one, show it and its steps; list.ts lists them. They are the first step of a transfer's path; the
 * next is workflows/transfer/direct.ts, or held.ts for a hold, or group-line.ts where transfers are moved in groups.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { findTransfer, listSteps, type TransferStep } from '../../db/transfer/queries.ts';
import { transferId } from '../../domain/derived-id.ts';
import { shardsOf } from '../../domain/routing.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { CAPTURE_METHODS, TRANSFER_STATUSES } from '../../domain/transfer/transfer.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { exampleReceiverId, instantAnswer, instantField, transferIdField, walletIdField } from '../http/fields.ts';
import { movementHeaders, movementRequestFields, movementResponses, type MovementDeps } from './movement.ts';
import { noteFaults, precisionFaults } from './only-if-new.ts';
import type { Fault } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { groupIdAnswer, isWaitOver, renderTransfer, transferAnswer, transferNotFound } from './answer.ts';
import { bodyFault, faultCode } from '../http/validation.ts';

const EXPIRES_IN_SECONDS_MIN = 60;
const EXPIRES_IN_SECONDS_MAX = 30 * 86_400;
const EXPIRES_IN_SECONDS_DEFAULT = 7 * 86_400;
const SCHEDULED_AHEAD_MS_MAX = 366 * 86_400_000;

const transferRequest = z
  .strictObject(
    {
      sender_wallet_id: walletIdField,
      receiver_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      ...movementRequestFields,
      capture_method: z.enum(CAPTURE_METHODS, { error: faultCode('capture_method_invalid') }).default('automatic'),
      expires_in: z
        .int({ error: faultCode('expires_in_invalid') })
        .min(EXPIRES_IN_SECONDS_MIN, 'expires_in_invalid')
        .max(EXPIRES_IN_SECONDS_MAX, 'expires_in_invalid')
        .optional()
        .openapi({
          type: 'integer',
          example: 3_600,
          description:
            'Seconds after which a hold that is not captured is given back, 60 to 2592000 (30 days); the default is 7 days.',
        }),
      scheduled_at: instantField
        .optional()
        .openapi({ description: 'When the transfer begins, at most a year ahead; until then it is SCHEDULED.' }),
    },
    { error: faultCode('body_invalid') },
  )
  .refine((body) => body.capture_method === 'manual' || body.expires_in === undefined, {
    error: 'expires_in_invalid',
    path: ['expires_in'],
  })
  .refine((body) => body.sender_wallet_id !== body.receiver_wallet_id, {
    error: 'same_wallet',
    path: ['receiver_wallet_id'],
  })
  .openapi('TransferRequest');

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
  description: `Accepts the transfer and answers 202; the transfer is PENDING, and from here on it runs to its end, whatever
fails. Read it again later, or send \`Prefer: wait=N\` to get the answer when it has ended.

**An unknown wallet is a FAILED transfer and not a 404**, as are a suspended wallet and too little money. The transfer service
does not own wallets, and whatever it learned about them when it accepts a transfer may have changed when the money moves. So the
debit and the credit decide: if one of them is refused, the transfer is FAILED, its \`failure_reason\` says why
(\`sender_not_found\`, \`receiver_not_found\`, \`insufficient_funds\` …), and the sender has back whatever was debited.

With \`capture_method: "manual"\` the money is debited at once and held: the transfer stays DEBITED until it is captured,
canceled, or given back when it expires. With \`scheduled_at\` the transfer is SCHEDULED until then.`,
  middleware: readJson,
  request: {
    headers: movementHeaders,
    body: { required: true, content: { 'application/json': { schema: transferRequest } } },
  },
  responses: movementResponses(
    transferAnswer,
    'same_wallet',
    'capture_method_invalid',
    'expires_in_invalid',
    'scheduled_at_invalid',
  ),
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
  description: 'The oldest step first. Steps are kept for ever, and can be read while Temporal is down.',
  request: { params: idParameter },
  responses: {
    200: {
      description: 'Its steps.',
      content: { 'application/json': { schema: z.object({ data: z.array(stepAnswer), group_id: groupIdAnswer }) } },
    },
    ...problemResponses('transfer_not_found', 'transfer_id_invalid', 'database_unavailable'),
  },
});

export function transferRoutes({ database, starter, acceptance, deadlineSeconds, amountPrecision }: MovementDeps) {
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
        capture_method: captureMethod,
        expires_in: expiresIn = EXPIRES_IN_SECONDS_DEFAULT,
        scheduled_at: scheduledAt,
      } = c.req.valid('json');
      const id = transferId(idempotencyKey);
      const terms = { transferId: id, senderWalletId, receiverWalletId, amount, currency };
      const kind = { scheduledAt, expiresInSeconds: captureMethod === 'manual' ? expiresIn : undefined };
      const hash = transferBodyHash({ ...terms, reference, metadata, ...kind });
      c.var.log.setBindings({ transfer_id: id });
      const accepted = { reference, metadata, idempotencyKey, bodyHash: hash, deadlineSeconds };
      const isPlain = captureMethod === 'automatic' && scheduledAt === undefined;
      const { groups } = acceptance;

      const { row, status } = await acceptMovement(c, acceptance, {
        database,
        workflowId: transferWorkflowId(id),
        bodyHash: hash,
        shards: shardsOf([senderWalletId, receiverWalletId], starter.walletShardCount),
        find: () => findTransfer(database, id),
        faultsIfNew: [
          ...precisionFaults(terms, 'between_wallets', amountPrecision),
          ...noteFaults({ reference, metadata }),
          ...timeFaults(scheduledAt),
        ],
        store: () => acceptTransfer(database, terms, { ...accepted, ...kind }, c.var.trace),
        enterLine:
          isPlain && groups !== undefined
            ? () => groups.accept({ terms, acceptance: accepted, trace: c.var.trace })
            : undefined,
        start: (transfer) => startTransfer(starter, transfer),
        notifier: acceptance.notifiers?.transfers,
        isWaitOver,
      });

      c.header('Location', `/v1/transfers/${id}`);
      return c.json(renderTransfer(row), status);
    })
    .openapi(get, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transfer_id: id });
      const transfer = await boundedQuery(database, () => findTransfer(database, id));
      if (transfer === undefined) throw transferNotFound(id);
      return c.json(renderTransfer(transfer), 200);
    })
    .openapi(getSteps, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transfer_id: id });
      const [steps, transfer] = await boundedQuery(database, () =>
        Promise.all([listSteps(database, id), findTransfer(database, id)]),
      );
      if (steps.length === 0) throw transferNotFound(id);
      return c.json({ data: steps.map(renderStep), group_id: transfer?.groupId ?? null }, 200);
    });
}

function renderStep({ step, reason, createdAt }: TransferStep): z.input<typeof stepAnswer> {
  return { step, reason, at: createdAt.toISOString() };
}

/** The fault of a scheduled time. It is judged only when the transfer is new: a repeat of the request may come after that time. */
function timeFaults(scheduledAt: Date | undefined): Fault[] {
  if (scheduledAt === undefined) return [];
  const aheadMs = scheduledAt.getTime() - Date.now();
  return aheadMs > 0 && aheadMs <= SCHEDULED_AHEAD_MS_MAX ? [] : [bodyFault('scheduled_at_invalid', ['scheduled_at'])];
}
