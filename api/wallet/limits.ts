/** The routes of a wallet's limits: how much may go out of it at once, and within any 24 hours. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { findWalletLimits, setWalletLimits, type WalletLimits } from '../../db/wallet/limit-queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { askingTenant, byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { amountAnswer, amountField, exampleWalletId, idAnswer, walletIdField } from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';

const limitsRequest = z
  .strictObject(
    {
      max_amount: amountField
        .nullish()
        .openapi({ example: '500.00', description: 'The most that one movement may take out; null for no limit.' }),
      outgoing_24h: amountField.nullish().openapi({
        example: '2000.00',
        description: 'The most that all movements within any 24 hours together may take out; null for no limit.',
      }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('WalletLimitsRequest');

const limitsAnswer = z
  .object({
    wallet_id: idAnswer(exampleWalletId),
    currency: z.string().openapi({ example: 'USD' }),
    max_amount: amountAnswer.nullable().openapi({ example: '500.0000', description: 'null: no limit.' }),
    outgoing_24h: amountAnswer.nullable().openapi({ example: '2000.0000', description: 'null: no limit.' }),
    outgoing_24h_used: amountAnswer.openapi({
      example: '150.0000',
      description: 'The money that has gone out within the last 24 hours, less the refunds of it.',
    }),
    outgoing_24h_remaining: amountAnswer.nullable().openapi({ example: '1850.0000', description: 'null: no limit.' }),
  })
  .openapi('WalletLimits');

const one = { params: z.object({ wallet_id: walletIdField }) };
const oneProblems = ['wallet_not_found', 'wallet_id_invalid', 'database_unavailable'] as const;
const response = (description: string) => ({ description, content: { 'application/json': { schema: limitsAnswer } } });

const put = createRoute({
  method: 'put',
  path: '/v1/wallets/{wallet_id}/limits',
  operationId: 'setWalletLimits',
  summary: 'Limit what goes out of a wallet',
  tags: ['Wallets'],
  description: `Replaces both limits; a limit that is left out or null does not limit anything. A repeat changes nothing.

The limits hold for transfers and withdrawals, and are checked when the money moves: a movement that would pass a limit is FAILED
with \`limit_exceeded\`, and its \`failure_detail\` says which limit and how much could have moved. Concurrent movements cannot
pass a limit together. Money that has moved stays, whatever the new limits are. A refund is never stopped, and makes room under
the limit. A reversal makes none: it is a transfer of its own, which counts against the limits of the wallet that it takes money
from.`,
  middleware: [requiresInTenant('wallets:write'), readJson] as const,
  request: { ...one, body: { required: true, content: { 'application/json': { schema: limitsRequest } } } },
  responses: {
    200: response('The limits as they are now.'),
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'amount_invalid',
      'amount_not_positive',
      'amount_too_precise',
      'amount_too_large',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}/limits',
  operationId: 'getWalletLimits',
  summary: 'The limits of a wallet, and what remains of them',
  tags: ['Wallets'],
  middleware: requiresInTenant('wallets:read'),
  request: one,
  responses: { 200: response('The limits as they are now.'), ...problemResponses(...oneProblems) },
});

/** `shards`: the wallet databases, in the order of their numbers. */
export function walletLimitRoutes(shards: readonly Database[]) {
  const shardFor = (id: WalletId): Database => shards[shardOf(id, shards.length)]!;
  return new OpenAPIHono<ApiEnv>()
    .openapi(put, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      const { max_amount: maxAmount = null, outgoing_24h: outgoing24h = null } = c.req.valid('json');
      c.var.log.setBindings({ wallet_id: id });
      const shard = shardFor(id);
      const limits = await boundedQuery(
        shard,
        async () => {
          await setWalletLimits(shard, id, { maxAmount, outgoing24h }, byWhom(c));
          return existing(shard, id, askingTenant(c));
        },
        { isWrite: true },
      );
      return c.json(render(limits), 200);
    })
    .openapi(get, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      c.var.log.setBindings({ wallet_id: id });
      const shard = shardFor(id);
      return c.json(render(await boundedQuery(shard, () => existing(shard, id, askingTenant(c)))), 200);
    });
}

async function existing(shard: Database, id: WalletId, tenant: Tenant): Promise<WalletLimits> {
  const limits = await findWalletLimits(shard, id, tenant);
  if (limits === undefined) throw new ProblemError('wallet_not_found', { detail: `There is no wallet ${id}.` });
  return limits;
}

function render(limits: WalletLimits): z.input<typeof limitsAnswer> {
  return {
    wallet_id: limits.walletId,
    currency: limits.currency,
    max_amount: limits.maxAmount,
    outgoing_24h: limits.outgoing24h,
    outgoing_24h_used: limits.outgoing24hUsed,
    outgoing_24h_remaining: limits.outgoing24hRemaining,
  };
}
