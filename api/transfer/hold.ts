/**
 * The routes that end a hold: capture it, or cancel it, as any other transfer that is under way can be. The next step is
 * workflows/transfer/requests.ts, and workflows/transfer/held.ts for what becomes of the hold.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Transfer } from '../../db/transfer/queries.ts';
import { logCancelRequest } from '../../db/transfer/cancel-log.ts';
import { parseUnits } from '../../domain/money.ts';
import { shardsOf } from '../../domain/routing.ts';
import { isTerminal, PASSING_REFUSALS, type AskReceiver, type PassingRefusal } from '../../domain/transfer/transfer.ts';
import { LATE, within } from '../../process/deadline.ts';
import { cancelUpdate, captureUpdate } from '../../workflows/transfer/messages.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { transferIdField } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import type { MovementDeps } from './movement.ts';
import { preferHeader } from '../http/prefer-wait.ts';
import {
  amountOrAll,
  asked,
  ASKING_PROBLEMS,
  existing,
  refused,
  refuseFiner,
  refuseMoreThan,
  withoutWaiting,
} from './of-existing.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJsonOrNothing } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { renderTransfer } from './answer.ts';
import { askTransfer, type Outcome } from './workflow-request.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const params = z.object({ transfer_id: transferIdField });
const nothing = z.strictObject({}, { error: faultCode('body_invalid') }).openapi('Nothing', { example: {} });

const capture = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/capture',
  operationId: 'captureTransfer',
  summary: 'Capture a hold',
  tags: ['Transfers'],
  description: `Completes a manual transfer that is DEBITED: the receiver gets \`amount\`, or all of it, and the rest goes back to
the sender. Waits for the end of the transfer, ten seconds unless \`Prefer: wait=N\` says otherwise. If a capture, a cancel and
the expiry come at once, exactly one of them happens. A repeat with the same amount is safe, and returns the transfer. While the
receiver is suspended, or its balance would pass its bound, the capture is refused with \`not_capturable\` and that \`reason\`,
and the hold stays; if the receiver does not exist or has another currency, the transfer ends FAILED.`,
  middleware: [requiresInTenant('transfers:write'), settlesMoney, readJsonOrNothing] as const,
  request: {
    params,
    headers: z.object(preferHeader),
    body: { content: { 'application/json': { schema: amountOrAll } } },
  },
  responses: {
    ...asked,
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'amount_invalid',
      'amount_not_positive',
      'amount_too_precise',
      'amount_too_large',
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
  description: `Cancels a transfer whose money has not arrived: one that is SCHEDULED, a hold that is not captured, or one whose
credit has not been applied. Gives back what was debited; the transfer ends CANCELED. Past the transfer's point of no return, the
request is refused with \`not_cancelable\` and the \`status\`. A repeat is safe.`,
  middleware: [requiresInTenant('transfers:write'), settlesMoney, readJsonOrNothing] as const,
  request: { params, headers: z.object(preferHeader), body: { content: { 'application/json': { schema: nothing } } } },
  responses: { ...asked, ...problemResponses(...ASKING_PROBLEMS, 'not_cancelable') },
});

/** Whether the row says how much of a hold is captured; zero is an answer too. */
export const isDecided = ({ capturedAmount }: Transfer): boolean => capturedAmount !== null;

/** Whether the row says that some of a hold is captured: then a cancel request has come too late, even one that was taken. */
export const isCaptured = ({ capturedAmount }: Transfer): boolean =>
  capturedAmount !== null && parseUnits(capturedAmount) > 0n;

const RECEIVER_ANSWERS_WITHIN_MS = 1_000;

export function holdRoutes(deps: MovementDeps, askReceiver: AskReceiver) {
  const { database, starter, acceptance: accepting, amountPrecision } = deps;
  return new OpenAPIHono<ApiEnv>()
    .openapi(capture, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      const before = await existing(c, database, id);
      const { amount = before.amount } = c.req.valid('json');
      refuseMoreThan(before.amount, amount, `It is ${before.amount} ${before.currency}`);
      // A repeat of the amount that was decided is done, whatever became of the transfer afterwards.
      const isDone = (row: Transfer): boolean => isTerminal(row.status) && row.capturedAmount === amount;
      if (isDone(before)) return c.json(renderTransfer(before), 200);
      // The whole amount, and one that is decided already, may be finer: it was taken under other rules.
      if (amount !== before.amount && amount !== before.capturedAmount) refuseFiner(amount, before, amountPrecision);
      if (before.captureMethod !== 'manual' || isTerminal(before.status) || before.status === 'AWAITING_APPROVAL')
        throw refused('not_capturable', before);
      await refuseWhileBehind(before);

      const refusedFor = await knownRefusal(before, amount);
      const asked = { amount, ...(refusedFor === undefined ? {} : { refusedFor }) };
      const { row, outcome } = await askTransfer(c, deps, before, captureUpdate, asked, isDecided);
      if (isPassing(outcome) && !isTerminal(row.status) && !isDecided(row)) throw refusedForNow(outcome, row);
      if (isDone(row)) return c.json(renderTransfer(row), 200);
      if (row.capturedAmount === amount) return c.json(renderTransfer(row), 202);
      throw refused('not_capturable', row);
    })
    .openapi(cancel, async (c) => {
      const { transfer_id: id } = c.req.valid('param');
      const before = await existing(c, database, id);
      if (before.status === 'CANCELED') return c.json(renderTransfer(before), 200);
      if (isTerminal(before.status) || before.batchId !== null) throw refused('not_cancelable', before);

      // Written before it is asked, because who has asked counts, whatever comes of it.
      await boundedQuery(database, () => logCancelRequest(database, id, byWhom(c)), { isWrite: true });
      const isKept = (row: Transfer): boolean => row.captureMethod !== 'manual' || row.beginsCanceled || isDecided(row);
      const asked = await withoutWaiting(database, before);
      const { row, outcome } = await askTransfer(c, deps, asked, cancelUpdate, {}, isKept);
      if (row.status === 'CANCELED') return c.json(renderTransfer(row), 200);
      if (outcome === 'taken' && !isTerminal(row.status) && !isCaptured(row)) return c.json(renderTransfer(row), 202);
      throw refused('not_cancelable', row);
    });

  /**
   * Why the receiver could not be credited now, as far as the wallet service says so in time. The workflow decides: it may have taken
   * the capture already. Where nothing is known, the workflow asks the receiver's shard itself.
   */
  async function knownRefusal(
    { tenant, receiverWalletId }: Transfer,
    amount: string,
  ): Promise<PassingRefusal | undefined> {
    const answer = await within(
      RECEIVER_ANSWERS_WITHIN_MS,
      askReceiver(tenant, receiverWalletId, amount).catch(() => undefined),
    );
    return answer === LATE ? undefined : answer;
  }

  /** Throws while a shard is behind: it may have lost the debit of the hold, and the capture would credit it all the same. */
  async function refuseWhileBehind({ senderWalletId, receiverWalletId }: Transfer): Promise<void> {
    const shards = shardsOf([senderWalletId, receiverWalletId], starter.walletShardCount);
    if (await boundedQuery(database, () => accepting.shardsBehind.areAnyBehind(shards)))
      throw new ProblemError('wallet_shard_behind', { detail: 'Nothing was captured. Try again.' });
  }
}

function isPassing(outcome: Outcome): outcome is PassingRefusal {
  return PASSING_REFUSALS.some((reason) => reason === outcome);
}

/** The refusal for a hold whose receiver cannot be credited now; the hold stays, and can be captured later. */
function refusedForNow(reason: PassingRefusal, row: Transfer): ProblemError {
  const why =
    reason === 'receiver_suspended' ? 'The receiver is suspended.' : 'The receiver’s balance would be too large.';
  return new ProblemError('not_capturable', {
    detail: `${why} Nothing was captured; the hold stays until it is captured, canceled or expires.`,
    members: { transfer_id: row.transferId, transfer_status: row.status, reason },
  });
}
