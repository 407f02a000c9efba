/**
 * The route that cancels a transfer of which the client does not know whether it was created: by the key and the body of the request
 * that may have arrived, may be on its way, or may be lost. The next step is workflows/transfer/canceled.ts, or requests.ts if the
 * transfer is there.
 */
import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { logCancelRequest } from '../../db/transfer/cancel-log.ts';
import { findTransfer, type Transfer } from '../../db/transfer/queries.ts';
import { shardsOf } from '../../domain/routing.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { cancelUpdate } from '../../workflows/transfer/messages.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { waitForRow, waitPreference } from '../http/prefer-wait.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { acceptOnce } from './acceptance.ts';
import { renderTransfer } from './answer.ts';
import { isCaptured, isDecided } from './hold.ts';
import { movementHeaders, movementProblems, type MovementDeps } from './movement.ts';
import { asked as answers, refused, withoutWaiting } from './of-existing.ts';
import { askedTransfer, transferRequest } from './transfer-request.ts';
import { askTransfer } from './workflow-request.ts';

const SHOWN_SECONDS_DEFAULT = 10;
/** If too many requests wait already. */
const CROWDED_WAIT_MS = 1_000;

const post = createRoute({
  method: 'post',
  path: '/v1/transfers/cancel',
  operationId: 'cancelTransferByKey',
  summary: 'Cancel a transfer that may not have been created',
  tags: ['Transfers'],
  description: `For a client that has sent \`POST /v1/transfers\` and gives up without an answer: the same key and the same body, and
afterwards nothing of it moves, however late the first request arrives. If the transfer is there, it is canceled as by
\`POST /v1/transfers/{transfer_id}/cancel\`. Otherwise it is stored as one that begins canceled: a request to create it that
arrives later is answered with it, CANCELED. One that has FAILED has moved nothing either, and is answered with 200; one that is
COMPLETED, or a hold that is captured, is refused with \`not_cancelable\`. Waits ten seconds for the end of the transfer
unless \`Prefer: wait=N\` says otherwise. A repeat is safe.`,
  middleware: [requiresInTenant('transfers:write'), settlesMoney, readJson] as const,
  request: {
    headers: movementHeaders,
    body: { required: true, content: { 'application/json': { schema: transferRequest } } },
  },
  responses: {
    ...answers,
    202: {
      ...answers[202],
      description: 'It has not ended by the time that the client waits. Repeat the request to learn how it ends.',
    },
    ...problemResponses(
      ...movementProblems,
      'same_wallet',
      'capture_method_invalid',
      'expires_in_invalid',
      'scheduled_at_invalid',
      'not_cancelable',
    ),
  },
});

export function cancelUncreatedRoutes(deps: MovementDeps) {
  const { database, starter, acceptance, deadlineSeconds } = deps;
  return new OpenAPIHono<ApiEnv>().openapi(post, async (c) => {
    const receivedAt = performance.now();
    const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
    const { terms, reference, metadata, kind, bodyHash } = askedTransfer(
      c.var.holder.tenant,
      idempotencyKey,
      c.req.valid('json'),
    );
    const id = terms.transferId;
    c.var.log.setBindings({ transfer_id: id });
    const accepted = { reference, metadata, idempotencyKey, bodyHash, deadlineSeconds, ...kind, beginsCanceled: true };
    const find = (): Promise<Transfer | undefined> => findTransfer(database, id);
    // What a new transfer is refused for is no reason not to cancel one.
    const { row: stored, isNew } = await acceptOnce(c, acceptance, {
      ...{ database, bodyHash, find },
      shards: shardsOf([terms.senderWalletId, terms.receiverWalletId], starter.walletShardCount),
      store: () => acceptTransfer(database, terms, accepted, c.var.trace),
    });
    if (isNew) acceptance.counts?.accepted(kind.expiresInSeconds === undefined ? 'transfer' : 'hold', 1);
    c.header('Location', `/v1/transfers/${id}`);
    const row = isTerminal(stored.status) ? stored : await cancel(stored);
    if (row.status === 'CANCELED' || row.status === 'FAILED') return c.json(renderTransfer(row), 200);
    if (isTerminal(row.status) || isCaptured(row)) throw refused('not_cancelable', row);
    return c.json(renderTransfer(row), 202);

    async function cancel(before: Transfer): Promise<Transfer> {
      // Written before it is asked, because who has asked counts, whatever comes of it.
      await boundedQuery(database, () => logCancelRequest(database, id, byWhom(c)), { isWrite: true });
      const isKept = (seen: Transfer): boolean =>
        seen.beginsCanceled || seen.captureMethod !== 'manual' || isDecided(seen);
      const asked = await withoutWaiting(database, before);
      const { row: seen, outcome } = await askTransfer(c, deps, asked, cancelUpdate, {}, isKept);
      if (outcome === 'taken' || isTerminal(seen.status) || isCaptured(seen)) return seen;
      // It is being given up for another reason, or its credit is being asked for: it soon has ended, in one way or the other.
      const leftMs =
        (waitPreference(c.req.header('prefer')) ?? SHOWN_SECONDS_DEFAULT) * 1_000 - (performance.now() - receivedAt);
      return waitForRow({
        row: seen,
        isWaitOver: ({ status }) => isTerminal(status),
        look: find,
        untilNews: () => new Promise<void>(() => {}),
        limitMs: c.var.slot.becomeWaiter() ? leftMs : Math.min(leftMs, CROWDED_WAIT_MS),
        signal: AbortSignal.any([c.req.raw.signal, acceptance.draining]),
      });
    }
  });
}
