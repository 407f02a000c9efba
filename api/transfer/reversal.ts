/** The route of reversals: a new transfer that gives a completed one back. Its next step is that of any transfer. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { acceptReversal } from '../../db/transfer/acceptance.ts';
import { findTransfer, type Transfer } from '../../db/transfer/queries.ts';
import { reversalId } from '../../domain/derived-id.ts';
import { ofTenant } from '../../domain/tenant.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { shardsOf } from '../../domain/routing.ts';
import { reversalBodyHash } from '../../domain/transfer/movement-body.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { transferWorkflowId } from '../../workflows/transfer/messages.ts';
import type { ApiEnv } from '../http/env.ts';
import { transferIdField } from '../http/fields.ts';
import { readJsonOrNothing } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { byWhom } from '../http/acting.ts';
import { acceptMovement } from './acceptance.ts';
import { isWaitOver, movedAmount, renderTransfer, transferAnswer } from './answer.ts';
import { movementHeaders, movementResponses, type MovementDeps } from './movement.ts';
import { amountOrAll, existing, leftOf, refused, refuseFiner, refuseMoreThan } from './of-existing.ts';

const reverse = createRoute({
  method: 'post',
  path: '/v1/transfers/{transfer_id}/reversals',
  operationId: 'reverseTransfer',
  summary: 'Give back a completed transfer, whole or in part',
  tags: ['Transfers'],
  description: `Makes a new transfer from the receiver to the sender, of \`amount\` or of all that is left to reverse; its
\`reverses_transfer_id\` names this transfer. The reversals of a transfer together never exceed what it moved, however many are
requested at once (\`not_reversible\`). If the receiver has spent the money, the reversal is FAILED with \`insufficient_funds\`,
and can be requested again with another key. A reversal is a transfer, and can be reversed.`,
  middleware: [requiresInTenant('transfers:write'), readJsonOrNothing] as const,
  request: {
    params: z.object({ transfer_id: transferIdField }),
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

export function reversalRoutes({
  database,
  starter,
  acceptance: accepting,
  deadlineSeconds,
  amountPrecision,
}: MovementDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(reverse, async (c) => {
    const { transfer_id: reversesTransferId } = c.req.valid('param');
    const { amount: asked } = c.req.valid('json');
    const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
    const reversed = await existing(c, database, reversesTransferId);
    if (asked !== undefined) refuseMoreThan(reversed.amount, asked, leftOf(reversed));
    const id = reversalId(idempotencyKey, reversed.tenant);
    const bodyHash = reversalBodyHash({ reversesTransferId, amount: asked });
    const kept = { reference: undefined, metadata: undefined, idempotencyKey, bodyHash };
    const acceptance = { ...kept, deadlineSeconds, by: byWhom(c) };

    /** Stores the reversal, unless its key is taken: a repeat may come when nothing is left to reverse. */
    const store = async (): Promise<Transfer | undefined> => {
      for (;;) {
        if ((await findTransfer(database, id)) !== undefined) return undefined;
        const latest = (await findTransfer(database, reversesTransferId))!;
        const left = parseUnits(movedAmount(latest)) - parseUnits(latest.reversedAmount);
        const amount = asked ?? formatUnits(left);
        if (left <= 0n || parseUnits(amount) > left) throw refused('not_reversible', latest);
        // All that is left may be finer: it was moved under other rules.
        if (parseUnits(amount) < left) refuseFiner(amount, latest, amountPrecision);
        const { senderWalletId: receiverWalletId, receiverWalletId: senderWalletId, currency } = latest;
        const terms = {
          ...ofTenant(latest.tenant),
          transferId: id,
          senderWalletId,
          receiverWalletId,
          amount,
          currency,
        };
        const accepted = await acceptReversal(database, terms, acceptance, reversesTransferId, c.var.trace);
        // Another reversal came in between: what is left now is another amount.
        if (accepted !== 'exceeds') return accepted;
      }
    };
    const { row, status } = await acceptMovement(c, accepting, {
      kind: 'transfer',
      database,
      workflowId: transferWorkflowId(id),
      bodyHash,
      shards: shardsOf([reversed.senderWalletId, reversed.receiverWalletId], starter.walletShardCount),
      find: () => findTransfer(database, id),
      store,
      start: (accepted) => startTransfer(starter, accepted),
      isWaitOver,
      notifier: accepting.notifiers?.transfers,
    });
    c.header('Location', `/v1/transfers/${id}`);
    return c.json(renderTransfer(row), status);
  });
}
