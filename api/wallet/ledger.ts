/**
 * The route by which a reconciliation asks the wallet API, if the services run as processes of their own: the operations of
 * domain/ledger.ts. It is for the transfer service's worker and not for clients, so it is there on the internal
 * listener alone, which has read the body.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import { MOVEMENTS_MAX } from '../../domain/ledger.ts';
import { ProblemError } from '../http/problem.ts';
import type { ApiEnv } from '../http/env.ts';

export function ledgerRoutes(shards: readonly Database[]) {
  const ledger = ledgerOf(shards);
  const shard = z
    .int()
    .min(0)
    .max(shards.length - 1);
  const page = {
    shard,
    window: z.object({ fromMs: z.number(), untilMs: z.number() }),
    after: z.object({ atMs: z.number(), key: z.guid() }).optional(),
  };
  const question = z.discriminatedUnion('operation', [
    z.object({ operation: z.literal('clock'), shard }),
    z.object({
      operation: z.literal('watermark'),
      shard,
      known: z.object({ movement: z.guid(), leg: z.string(), decidedAtMs: z.number() }).nullable(),
    }),
    z.object({ operation: z.literal('fences'), ...page }),
    z.object({ operation: z.literal('entries'), ...page }),
    z.object({
      operation: z.literal('wallets'),
      shard,
      after: z.guid().nullable(),
      limit: z.int().min(1).max(10_000),
    }),
    z.object({ operation: z.literal('totals'), shard }),
    z.object({ operation: z.literal('movements'), ids: z.array(z.guid()).max(MOVEMENTS_MAX) }),
    z.object({ operation: z.literal('walletProblem'), walletId: z.guid() }),
  ]);

  return new Hono<ApiEnv>().post('/internal/ledger', async (c) => {
    const { success, data } = question.safeParse(await c.req.json());
    if (!success) throw new ProblemError('body_invalid');
    // No limit here: the caller is an activity, which is repeated after a failure, and its pool bounds every statement.
    switch (data.operation) {
      case 'clock':
        return c.json({ atMs: await ledger.clock(data.shard) });
      case 'watermark':
        return c.json(await ledger.watermark(data.shard, data.known));
      case 'fences':
        return c.json(await ledger.fences(data));
      case 'entries':
        return c.json(await ledger.entries(data));
      case 'wallets':
        return c.json(await ledger.wallets(data));
      case 'totals':
        return c.json(await ledger.totals(data.shard));
      case 'movements':
        return c.json([...(await ledger.movements(data.ids))]);
      case 'walletProblem':
        return c.json({ problem: (await ledger.walletProblem(data.walletId)) ?? null });
    }
  });
}
