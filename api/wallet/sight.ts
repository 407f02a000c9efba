/**
 * The routes by which others see what all shards know together: the money of each currency, and what was decided and written of a
 * movement. The transfer API asks its own shards by the same functions, or the wallet API by these routes.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { externalBalances, seeLegs } from '../../db/wallet/sight-queries.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { shardsOf } from '../../domain/routing.ts';
import { SEEN_MOVEMENTS_MAX, type CurrencyTotal, type SeenLegs, type WalletSight } from '../../domain/wallet/sight.ts';
import { askingTenant, isTransferApi } from '../http/acting.ts';
import { ANYBODY } from '../http/authenticate.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { askWalletApi, type WalletApiPlace } from './ask-wallet-api.ts';
import { walletFinderBy, walletFinderIn } from './find.ts';
import type { ApiEnv } from '../http/env.ts';
import {
  amountAnswer,
  exampleMovementId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
  transferIdField,
} from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';

const totalAnswer = z
  .object({
    currency: z.string().openapi({ example: 'USD' }),
    total: amountAnswer.openapi({
      example: '12000.0000',
      description: 'What users can spend, what is held, and what is on its way.',
    }),
  })
  .openapi('CurrencyTotal');

const shard = z.int().openapi({ example: 0 });
const movement_id = idAnswer(exampleMovementId);
const currency = z.string().openapi({ example: 'USD' });

const legsAnswer = z
  .object({
    fences: z.array(
      z.object({
        ...{ shard, movement_id },
        leg: z.enum(['debit', 'credit', 'refund', 'release', 'advance', 'deposit', 'withdrawal']),
        outcome: z.enum(['applied', 'rejected', 'canceled']),
        reason: z.string().nullable(),
        is_hold: z.boolean(),
        wallet_id: idAnswer(exampleWalletId),
        currency,
        amount: amountAnswer,
        at: instantAnswer,
      }),
    ),
    entries: z.array(
      z.object({
        ...{ shard, movement_id },
        wallet_id: idAnswer(exampleWalletId).nullable().openapi({ description: 'Null for the external wallet.' }),
        kind: z.enum(['user', 'external']),
        type: z.enum(['DEBIT', 'CREDIT', 'REFUND']),
        amount: amountAnswer,
        currency,
        sequence: z.int().openapi({ example: 7 }),
        at: instantAnswer,
      }),
    ),
    shards: z.array(z.object({ shard, state: z.enum(['ok', 'unavailable']) })),
  })
  .openapi('MovementLegs');

const getTotals = createRoute({
  method: 'get',
  path: '/v1/totals',
  operationId: 'getTotals',
  summary: 'All the money in each currency',
  tags: ['Wallets'],
  description:
    'What has come in from outside and has not left, over all shards. It costs the same however many wallets there are.',
  middleware: requiresInTenant('wallets:read'),
  responses: {
    200: {
      description: 'The currencies in which money has ever come in, ordered by their codes.',
      content: { 'application/json': { schema: z.object({ data: z.array(totalAnswer) }) } },
    },
    ...problemResponses('database_unavailable'),
  },
});

const getLegs = createRoute({
  method: 'get',
  path: '/v1/movements/{movement_id}/legs',
  operationId: 'getMovementLegs',
  summary: 'What the wallet shards have decided and written of a transfer or a transaction',
  tags: ['Wallets'],
  description: `The fence of each leg that is decided, and the ledger entries. Each shard is read as one snapshot; one that does not answer
in time is named in \`shards\`, and what it knows is missing. A movement that no shard knows, or that is another tenant's, has none.`,
  middleware: requiresInTenant('wallets:read'),
  request: { params: z.object({ movement_id: transferIdField }) },
  responses: {
    200: { description: 'The oldest first.', content: { 'application/json': { schema: legsAnswer } } },
    ...problemResponses('transfer_id_invalid', 'database_unavailable', 'wallet_api_unavailable'),
  },
});

/** Whether a movement is of the tenant that asks. No shard knows whose a movement is. */
export type IsOwnMovement = (c: Context<ApiEnv>, movementId: string) => Promise<boolean>;

/**
 * That of the wallet API where it is a process of its own, which answers the transfer API alone: that one has made sure of it. Where
 * nobody has a key, there are no other tenants.
 */
export const askedByTransferApi: IsOwnMovement = async (c) => {
  if (!isTransferApi(c) && c.var.holder.apiKeyId !== ANYBODY.apiKeyId)
    throw new ProblemError('tenant_not_served', { detail: 'Ask the transfer API, which knows whose a movement is.' });
  return true;
};

/** What is another tenant's is answered as this, which is nobody's. */
const NO_MOVEMENT = '00000000-0000-0000-0000-000000000000';

export function walletSightRoutes(sight: Pick<WalletSight, 'totals' | 'legs'>, isOwnMovement: IsOwnMovement) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(getTotals, async (c) => c.json({ data: [...(await sight.totals(askingTenant(c)))] }, 200))
    .openapi(getLegs, async (c) => {
      const { movement_id: id } = c.req.valid('param');
      const seen = await sight.legs([(await isOwnMovement(c, id)) ? id : NO_MOVEMENT]);
      return c.json(seen as z.infer<typeof legsAnswer>, 200);
    });
}

/** `shards`: the wallet databases, in the order of their numbers. */
export function walletSightIn(shards: readonly Database[]): WalletSight {
  return {
    async totals(tenant) {
      const found = await Promise.all(shards.map((each) => boundedQuery(each, () => externalBalances(each, tenant))));
      const units = new Map<string, bigint>();
      for (const row of found.flat())
        units.set(row.currency, (units.get(row.currency) ?? 0n) - parseUnits(row.balance));
      return [...units]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([code, sum]): CurrencyTotal => ({ currency: code, total: formatUnits(sum) }));
    },
    legs: (movementIds, walletIds) =>
      legsIn(
        shards,
        movementIds.slice(0, SEEN_MOVEMENTS_MAX),
        walletIds === undefined ? undefined : shardsOf([...walletIds], shards.length),
      ),
    find: walletFinderIn(shards),
  };
}

async function legsIn(
  shards: readonly Database[],
  movementIds: readonly string[],
  concerned: readonly number[] = [...shards.keys()],
): Promise<SeenLegs> {
  const found = await Promise.all(
    concerned.map(async (number) => {
      const database = shards[number]!;
      try {
        return { number, ...(await boundedQuery(database, () => seeLegs(database, movementIds))) };
      } catch (error) {
        if (error instanceof ProblemError) return { number };
        throw error;
      }
    }),
  );
  const marked = <Row extends { at: string }>(number: number, rows: readonly Row[] = []) =>
    rows.map((row) => ({ shard: number, ...row }));
  return {
    fences: found.flatMap((each) => marked(each.number, 'fences' in each ? each.fences : [])).sort(oldestFirst),
    entries: found.flatMap((each) => marked(each.number, 'entries' in each ? each.entries : [])).sort(oldestFirst),
    shards: found.map((each) => ({ shard: each.number, state: 'fences' in each ? 'ok' : 'unavailable' })),
  };
}

function oldestFirst(one: { at: string }, other: { at: string }): number {
  return one.at === other.at ? 0 : one.at < other.at ? -1 : 1;
}

const ANSWER_LIMIT_MS = 1_800;

/** Of the wallet API, which is a process of its own. */
export function walletSightAt(...place: WalletApiPlace): WalletSight {
  /** Undefined for 404. */
  const look = async <Answer>(path: string, tenant: Tenant = DEFAULT_TENANT): Promise<Answer | undefined> => {
    try {
      return await askWalletApi<Answer>(place, tenant, path, ANSWER_LIMIT_MS);
    } catch (error) {
      throw new ProblemError('wallet_api_unavailable', { detail: 'Nothing was changed. Try again.', cause: error });
    }
  };
  const ask = async <Answer>(path: string, tenant?: Tenant): Promise<Answer> => {
    const answer = await look<Answer>(path, tenant);
    if (answer === undefined) throw new ProblemError('wallet_api_unavailable', { detail: 'It is of another version.' });
    return answer;
  };
  return {
    find: walletFinderBy(look),
    totals: async (tenant) => (await ask<{ data: CurrencyTotal[] }>('/v1/totals', tenant)).data,
    async legs(movementIds) {
      const found = await Promise.all(
        movementIds.slice(0, SEEN_MOVEMENTS_MAX).map((id) => ask<SeenLegs>(`/v1/movements/${id}/legs`)),
      );
      const shardsSeen = new Map<number, 'ok' | 'unavailable'>();
      for (const { shard: number, state } of found.flatMap(({ shards }) => shards))
        if (shardsSeen.get(number) !== 'unavailable') shardsSeen.set(number, state);
      return {
        fences: found.flatMap(({ fences }) => fences).sort(oldestFirst),
        entries: found.flatMap(({ entries }) => entries).sort(oldestFirst),
        shards: [...shardsSeen].map(([number, state]) => ({ shard: number, state })),
      };
    },
  };
}
