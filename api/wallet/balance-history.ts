/** The route of a wallet's balance over time: a series of steps, exact, and of a bounded number of points. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import { balanceBefore, lastEntries, listSteps, type Step } from '../../db/wallet/history-queries.ts';
import { findWallet } from '../../db/wallet/wallet-queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { askingTenant } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountAnswer, exampleWalletId, idAnswer, instantAnswer, instantField, walletIdField } from '../http/fields.ts';
import { limitField } from '../http/pagination.ts';
import { faultyRequest, ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';

const POINTS_MAX = 1_000;
const POINTS_DEFAULT = 200;
const DAYS_DEFAULT_MS = 30 * 24 * 3_600_000;

const historyAnswer = z
  .object({
    wallet_id: idAnswer(exampleWalletId),
    currency: z.string().openapi({ example: 'USD' }),
    from: instantAnswer,
    to: instantAnswer,
    balance_before: amountAnswer.openapi({ description: 'Just before `from`.' }),
    data: z
      .array(
        z.object({
          at: instantAnswer.openapi({ description: 'When the last entry of the step was made.' }),
          balance: amountAnswer.openapi({ description: 'From then on, until the next step.' }),
          entries: z.int().openapi({ example: 1, description: 'How many entries the step has.' }),
        }),
      )
      .openapi({ description: 'The oldest first.' }),
    is_exact: z.boolean().openapi({
      description:
        'Whether every entry is a step. Otherwise the time is cut into as many equal slices as there may be points, and a step is the balance at the end of a slice: exact there, while in between it may have been any other.',
    }),
  })
  .openapi('BalanceHistory');

const get = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}/balance-history',
  operationId: 'getWalletBalanceHistory',
  summary: 'How the balance of a wallet went',
  tags: ['Wallets'],
  description: 'It costs as much as it has points, however many entries there are.',
  middleware: requiresInTenant('wallets:read'),
  request: {
    params: z.object({ wallet_id: walletIdField }),
    query: z.strictObject({
      from: instantField.optional().openapi({ description: 'This instant included. Default: 30 days before `to`.' }),
      to: instantField.optional().openapi({ description: 'This instant included. Default: now.' }),
      points: limitField('event_limit_invalid', POINTS_MAX, POINTS_DEFAULT),
    }),
  },
  responses: {
    200: { description: 'The steps.', content: { 'application/json': { schema: historyAnswer } } },
    ...problemResponses(
      ...(['wallet_not_found', 'wallet_id_invalid', 'instant_invalid', 'event_limit_invalid'] as const),
      ...(['unknown_parameter', 'database_unavailable'] as const),
    ),
  },
});

/** `shards`: the wallet databases, in the order of their numbers. */
export function balanceHistoryRoutes(shards: readonly Database[]) {
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { wallet_id: id } = c.req.valid('param');
    const { from: asked, to = new Date(), points } = c.req.valid('query');
    c.var.log.setBindings({ wallet_id: id });
    const from = asked ?? new Date(to.getTime() - DAYS_DEFAULT_MS);
    if (from > to)
      throw faultyRequest([{ parameter: 'from', code: 'instant_invalid', detail: 'Must not be after `to`.' }]);
    const shard = shards[shardOf(id, shards.length)]!;
    const { wallet, before, steps, isExact } = await boundedQuery(shard, async () => ({
      wallet: await existing(shard, id, askingTenant(c)),
      before: await balanceBefore(shard, id, from),
      ...(await read(shard, id, { from, to, points })),
    }));
    let reached = before.sequence;
    const data = steps.flatMap(({ sequence, balance, atMs }) => {
      // An entry that bears a later time than one after it is no step: the balance at an instant is that of the highest sequence.
      if (sequence <= reached) return [];
      const entries = sequence - reached;
      reached = sequence;
      return [{ at: new Date(atMs).toISOString(), balance, entries }];
    });
    return c.json(
      {
        ...{ wallet_id: id, currency: wallet.currency, from: from.toISOString(), to: to.toISOString() },
        ...{ balance_before: before.balance, data, is_exact: isExact },
      },
      200,
    );
  });
}

async function read(
  shard: Database,
  id: WalletId,
  { from, to, points }: { readonly from: Date; readonly to: Date; readonly points: number },
): Promise<{ steps: Step[]; isExact: boolean }> {
  const steps = await listSteps(shard, id, { from, to, limit: points + 1 });
  if (steps.length <= points) return { steps, isExact: true };
  const sliceMs = (to.getTime() - from.getTime()) / points;
  const ends = Array.from(
    { length: points },
    (_, slice) => new Date(from.getTime() + Math.round(sliceMs * (slice + 1))),
  );
  const last = await lastEntries(shard, id, ends);
  return { steps: last.filter((step) => step !== undefined), isExact: false };
}

async function existing(shard: Database, id: WalletId, tenant: Tenant) {
  const wallet = await findWallet(shard, id, tenant);
  if (wallet === undefined) throw new ProblemError('wallet_not_found', { detail: `There is no wallet ${id}.` });
  return wallet;
}
