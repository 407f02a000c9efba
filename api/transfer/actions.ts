/**
 * The routes of what may be done about a transfer: capture and cancel it, reverse it, and resolve its case. The next step is
 * workflows/transfer/requests.ts, and workflows/transfer/compensation.ts for a case.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { acceptReversal } from '../../db/transfer/acceptance.ts';
import { findTransfer, type Transfer } from '../../db/transfer/queries.ts';
import { shardsOf } from '../../domain/routing.ts';
import { RESOLVE_ACTIONS } from '../../domain/transfer/case.ts';
import { reversalId } from '../../domain/derived-id.ts';
import type { TransferId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { reversalBodyHash } from '../../domain/transfer/movement-body.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { cancelUpdate, captureUpdate, resolveUpdate, transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { acceptMovement } from './acceptance.ts';
import { databaseStep } from '../http/database-step.ts';
import { actorHeader, amountField, commentField, transferIdField } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { movementHeaders, movementResponses, preferHeader, type MovementDeps } from './movement.ts';
import { faultyRequest, ProblemError, type ProblemCode } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson, readJsonOrNothing } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { isSettled, movedAmount, renderTransfer, transferAnswer, transferNotFound } from './answer.ts';
import { askTransfer } from './workflow-request.ts';
import { bodyFault, otherwise } from '../http/validation.ts';

const params = z.object({ transfer_id: transferIdField });
const amountOrAll = z
  .strictObject({ amount: amountField.optional() }, { error: otherwise('body_invalid') })
  .openapi('AmountOrAll', { example: { amount: '10.00' } });
const nothing = z.strictObject({}, { error: otherwise('body_invalid') }).openapi('Nothing', { example: {} });
const resolution = z
  .strictObject(
    {
      action: z.enum(RESOLVE_ACTIONS, { error: otherwise('action_invalid') }),
      comment: commentField,
    },
    { error: otherwise('body_invalid') },
  )
  .openapi('Resolution', { example: { action: 'retry', comment: 'The receiver’s database is back.' } });

const content = { 'application/json': { schema: transferAnswer } };
const answers = {
  200: { description: 'Done: the transfer as it is now.', content },
  202: { description: 'Taken, and not done by the time that the client waits: it will be.', content },
};
const ASKING_PROBLEMS = [
  'transfer_not_found',
  'transfer_id_invalid',
  ...BODY_PROBLEMS,
  'database_unavailable',
  'temporal_unavailable',
] as const;

const capture = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/capture',
  operationId: 'captureTransfer',
  summary: 'Capture a hold',
  tags: ['Transfers'],
  description: `Completes a manual transfer that is DEBITED: the receiver gets \`amount\`, or all of it, and what is left goes back to the
sender. Waits for the end, ten seconds unless \`Prefer: wait=N\` says otherwise. A capture that races a cancel or the expiry ends in
exactly one of them. Repeating it with the same amount is safe and answers with the transfer.`,
  middleware: [settlesMoney, readJsonOrNothing] as const,
  request: {
    params,
    headers: z.object(preferHeader),
    body: { content: { 'application/json': { schema: amountOrAll } } },
  },
  responses: {
    ...answers,
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'amount_invalid',
      'amount_exceeds_transfer',
      'not_capturable',
      'wallet_shard_behind',
    ),
  },
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/cancel',
  operationId: 'cancelTransfer',
  summary: 'Cancel a transfer that is under way',
  tags: ['Transfers'],
  description: `Ends a transfer that has not arrived as CANCELED: one that is SCHEDULED, a hold that is not captured, or one whose credit has
not been applied; what was debited is given back. Past its point of no return it is refused with \`not_cancelable\` and the
\`status\`. Repeating it is safe.`,
  middleware: [settlesMoney, readJsonOrNothing] as const,
  request: { params, headers: z.object(preferHeader), body: { content: { 'application/json': { schema: nothing } } } },
  responses: { ...answers, ...problemResponses(...ASKING_PROBLEMS, 'not_cancelable') },
});

const resolve = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/resolve',
  operationId: 'resolveTransfer',
  summary: 'Step in where a transfer needs attention',
  tags: ['Transfers', 'Cases'],
  description: `For a transfer with \`attention\`: its compensation keeps failing. Kept in the log of its case before it is done.

- \`retry\` tries at once what keeps failing, instead of at the end of its pause.
- \`refund\` pays the sender back now, although the receiver's shard does not say what became of the credit: the external wallet of the
  sender's shard advances it. When the credit's fence answers, what the settlement gives back goes to the external wallet; if the
  credit had landed, the external wallet has paid for it. If that turns out before the refund is paid, it never is, and is refused
  with \`not_resolvable\`. Where it is the refund itself that keeps failing, it is tried at once.
- \`write_off\` gives up the refund: the money goes to the external wallet of the sender's shard. Only once the credit's fence has
  answered, for before that nobody can say where the money is.`,
  middleware: [settlesMoney, readJson] as const,
  request: {
    params,
    headers: z.object({
      ...preferHeader,
      'X-Actor': actorHeader,
    }),
    body: { required: true, content: { 'application/json': { schema: resolution } } },
  },
  responses: {
    ...answers,
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'actor_missing',
      'actor_invalid',
      'action_invalid',
      'field_missing',
      'too_short',
      'too_long',
      'not_resolvable',
    ),
  },
});

const reverse = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/reversals',
  operationId: 'reverseTransfer',
  summary: 'Give back a completed transfer, whole or in part',
  tags: ['Transfers'],
  description: `Makes a new transfer from the receiver to the sender, of \`amount\` or of all that is left to reverse, linked by
\`reverses_transfer_id\`. All reversals of a transfer never exceed what it moved, however many are asked for at once
(\`not_reversible\`). If the receiver has spent the money the reversal is FAILED \`insufficient_funds\`, and it can be asked for
again with another key. A reversal is a transfer, and can be reversed.`,
  middleware: readJsonOrNothing,
  request: {
    params,
    headers: movementHeaders,
    body: { content: { 'application/json': { schema: amountOrAll } } },
  },
  responses: movementResponses(
    transferAnswer,
    'transfer_not_found',
    'transfer_id_invalid',
    'amount_exceeds_transfer',
    'not_reversible',
  ),
});

/** Whether it is written how much of a hold is captured, if any of it. */
const isDecided = ({ capturedAmount }: Transfer): boolean => capturedAmount !== null;

export function transferActionRoutes(deps: MovementDeps) {
  const { database, starter, acceptance: accepting, deadlineSeconds } = deps;
  return new OpenAPIHono<ApiEnv>()
    .openapi(capture, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      const before = await existing(c, id);
      const { amount = before.amount } = c.req.valid('json');
      refuseMoreThan(before.amount, amount);
      // What was asked for is what was decided, whatever then became of it.
      const isDone = (row: Transfer): boolean => isTerminal(row.status) && row.capturedAmount === amount;
      if (isDone(before)) return c.json(renderTransfer(before), 200);
      if (before.captureMethod !== 'manual' || isTerminal(before.status)) throw refused('not_capturable', before);
      await refuseWhileBehind(before);

      const { row } = await askTransfer(c, deps, before, captureUpdate, { amount }, isDecided);
      if (isDone(row)) return c.json(renderTransfer(row), 200);
      if (row.capturedAmount === amount) return c.json(renderTransfer(row), 202);
      throw refused('not_capturable', row);
    })
    .openapi(cancel, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      const before = await existing(c, id);
      if (before.status === 'CANCELED') return c.json(renderTransfer(before), 200);
      if (isTerminal(before.status) || before.batchId !== null) throw refused('not_cancelable', before);

      const isKept = (row: Transfer): boolean => row.captureMethod !== 'manual' || isDecided(row);
      const { row, outcome } = await askTransfer(c, deps, before, cancelUpdate, {}, isKept);
      if (row.status === 'CANCELED') return c.json(renderTransfer(row), 200);
      if (outcome === 'taken' && !isTerminal(row.status)) return c.json(renderTransfer(row), 202);
      throw refused('not_cancelable', row);
    })
    .openapi(resolve, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      const { action, comment } = c.req.valid('json');
      const actor = c.req.valid('header')['X-Actor'];
      const before = await existing(c, id);
      if (isTerminal(before.status) || before.batchId !== null) throw refused('not_resolvable', before);

      const { row, outcome } = await askTransfer(c, deps, before, resolveUpdate, { action, actor, comment });
      if (outcome !== 'taken') throw refused('not_resolvable', row);
      return c.json(renderTransfer(row), isTerminal(row.status) ? 200 : 202);
    })
    .openapi(reverse, async (c) => {
      const { transfer_id: reversesTransferId } = c.req.valid('param');
      const { amount: asked } = c.req.valid('json');
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const reversed = await existing(c, reversesTransferId);
      if (asked !== undefined) refuseMoreThan(reversed.amount, asked);
      const id = reversalId(idempotencyKey);
      const bodyHash = reversalBodyHash({ reversesTransferId, amount: asked });
      const acceptance = { reference: undefined, metadata: undefined, idempotencyKey, bodyHash, deadlineSeconds };

      /** Stores it, unless its key is taken: a repeat may come when nothing is left to reverse. */
      const store = async (): Promise<Transfer | undefined> => {
        for (;;) {
          if ((await findTransfer(database, id)) !== undefined) return undefined;
          const latest = (await findTransfer(database, reversesTransferId))!;
          const left = parseUnits(movedAmount(latest)) - parseUnits(latest.reversedAmount);
          const amount = asked ?? formatUnits(left);
          if (left <= 0n || parseUnits(amount) > left) throw refused('not_reversible', latest);
          const { senderWalletId: receiverWalletId, receiverWalletId: senderWalletId, currency } = latest;
          const terms = { transferId: id, senderWalletId, receiverWalletId, amount, currency };
          const accepted = await acceptReversal(database, terms, acceptance, reversesTransferId, c.var.trace);
          // Another reversal came in between: what is left now is another amount.
          if (accepted !== 'exceeds') return accepted;
        }
      };
      const { row, status } = await acceptMovement(c, deps.acceptance, {
        database,
        workflowId: transferWorkflowId(id),
        bodyHash,
        shards: shardsOf([reversed.senderWalletId, reversed.receiverWalletId], starter.walletShardCount),
        find: () => findTransfer(database, id),
        store,
        start: (accepted) => startTransfer(starter, accepted),
        notifier: deps.acceptance.notifiers?.transfers,
        isSettled,
      });
      c.header('Location', `/v1/transfers/${id}`);
      return c.json(renderTransfer(row), status);
    });

  async function existing(c: Context<ApiEnv>, id: TransferId): Promise<Transfer> {
    c.var.log.setBindings({ transfer_id: id });
    const row = await databaseStep(database, () => findTransfer(database, id));
    if (row === undefined) throw transferNotFound(id);
    return row;
  }

  /** A shard that was restored may have lost the debit of a hold, which it would credit all the same. */
  async function refuseWhileBehind({ senderWalletId, receiverWalletId }: Transfer): Promise<void> {
    const shards = shardsOf([senderWalletId, receiverWalletId], starter.walletShardCount);
    if (await databaseStep(database, () => accepting.shardsBehind.areAnyBehind(shards)))
      throw new ProblemError('wallet_shard_behind', { detail: 'Nothing was captured. Try again.' });
  }
}

function refuseMoreThan(amountMax: string, amount: string): void {
  if (parseUnits(amount) > parseUnits(amountMax))
    throw faultyRequest([bodyFault('amount_exceeds_transfer', ['amount'])]);
}

/** With the state that does not allow it. */
function refused(code: ProblemCode, row: Transfer): ProblemError {
  return new ProblemError(code, {
    detail: `The transfer is ${row.status}.`,
    members: {
      transfer_id: row.transferId,
      transfer_status: row.status,
      captured_amount: row.capturedAmount,
      reversed_amount: row.reversedAmount,
    },
  });
}
