/**
 * The routes of transfers: accept one, show it and its steps; list.ts lists them. They are the first step of a transfer's path; the
 * next is workflows/transfer/direct.ts, or held.ts for a hold, or group-line.ts where transfers are moved in groups.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { findTransfer, findTransferOf, listSteps, type TransferStep } from '../../db/transfer/queries.ts';
import { shardsOf } from '../../domain/routing.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { TRANSFER_STATUSES } from '../../domain/transfer/transfer.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { instantAnswer, transferIdField } from '../http/fields.ts';
import { movementHeaders, movementResponses, type MovementDeps } from './movement.ts';
import { noteFaults, precisionFaults } from './only-if-new.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { groupIdAnswer, isWaitOver, renderTransfer, transferAnswer, transferNotFound } from './answer.ts';
import { askedTransfer, timeFaults, transferRequest } from './transfer-request.ts';

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
canceled, or given back when it expires. With \`scheduled_at\` the transfer is SCHEDULED until then. If a policy demands approvals,
it is AWAITING_APPROVAL first: see \`GET /v1/approvals\`.`,
  middleware: [requiresInTenant('transfers:write'), readJson] as const,
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
  middleware: requiresInTenant('transfers:read'),
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
  middleware: requiresInTenant('transfers:read'),
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
      const asked = askedTransfer(c.var.holder.tenant, idempotencyKey, c.req.valid('json'));
      const { terms, reference, metadata, kind, bodyHash } = asked;
      const id = terms.transferId;
      c.var.log.setBindings({ transfer_id: id });
      const accepted = { reference, metadata, idempotencyKey, bodyHash, deadlineSeconds, by: byWhom(c) };
      // Groups are the default tenant's: one statement moves all transfers of a group.
      const isPlain =
        kind.expiresInSeconds === undefined && kind.scheduledAt === undefined && terms.tenant === undefined;
      const { groups } = acceptance;

      const { row, status } = await acceptMovement(c, acceptance, {
        kind: kind.expiresInSeconds === undefined ? 'transfer' : 'hold',
        database,
        workflowId: transferWorkflowId(id),
        bodyHash,
        shards: shardsOf([terms.senderWalletId, terms.receiverWalletId], starter.walletShardCount),
        find: () => findTransfer(database, id),
        faultsIfNew: [
          ...precisionFaults(terms, 'between_wallets', amountPrecision),
          ...noteFaults({ reference, metadata }),
          ...timeFaults(kind.scheduledAt),
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
      const transfer = await boundedQuery(database, () => findTransferOf(database, c.var.holder.tenant, id));
      if (transfer === undefined) throw transferNotFound(id);
      return c.json(renderTransfer(transfer), 200);
    })
    .openapi(getSteps, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      c.var.log.setBindings({ transfer_id: id });
      const [steps, transfer] = await boundedQuery(database, () =>
        Promise.all([listSteps(database, id), findTransfer(database, id)]),
      );
      // Steps whose row is lost name no tenant.
      const isTheirs = (transfer?.tenant ?? DEFAULT_TENANT) === c.var.holder.tenant;
      if (steps.length === 0 || !isTheirs) throw transferNotFound(id);
      return c.json({ data: steps.map(renderStep), group_id: transfer?.groupId ?? null }, 200);
    });
}

function renderStep({ step, reason, createdAt }: TransferStep): z.input<typeof stepAnswer> {
  return { step, reason, at: createdAt.toISOString() };
}
