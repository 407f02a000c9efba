/** The route of a transfer's timeline: its saga as the transfer service, the two wallets' shards and Temporal know it. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { shardOf, walletTaskQueue } from '../../domain/routing.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import type { SeenFence, SeenLegs, WalletSight } from '../../domain/wallet/sight.ts';
import type { SeenWorkflow } from '../../temporal/seen-workflow.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, transferIdField } from '../http/fields.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { renderTransfer, transferAnswer } from '../transfer/answer.ts';
import { readTransferSaga, seeTransferWorkflow } from '../transfer/saga.ts';
import {
  createLegBook,
  renderEntries,
  renderPending,
  renderWorkflow,
  sagaAnswer,
  type Place,
  type Saga,
} from './saga.ts';
import { createSources } from './sources.ts';

interface TimelineDeps {
  /** The transfer service's. */
  readonly database: Database;
  readonly client: Client;
  readonly sight: WalletSight;
  readonly walletShardCount: number;
}

export const sourcesAnswer = z.record(z.string(), z.enum(['ok', 'unavailable', 'gone'])).openapi({
  example: { transfers: 'ok', 'wallet-0': 'ok', 'wallet-1': 'ok', temporal: 'unavailable' },
  description: '`gone`: Temporal keeps no history of it any more, or has none yet.',
});

const get = createRoute({
  method: 'get',
  path: '/v1/transfers/{transfer_id}/timeline',
  operationId: 'getTransferTimeline',
  summary: 'The whole course of a transfer: legs, fences, attempts, entries',
  tags: ['Transfers'],
  description: `What each service knows of it, each as one snapshot: the transfer first, then the wallets, so that these show all that the
transfer says. A source that does not answer in time is named in \`sources\`, and what it knows is missing.`,
  middleware: requiresInTenant('transfers:read'),
  request: { params: z.object({ transfer_id: transferIdField }) },
  responses: {
    200: {
      description: 'As it is now.',
      content: {
        'application/json': {
          schema: z
            .object({ transfer: transferAnswer, at: instantAnswer, saga: sagaAnswer, sources: sourcesAnswer })
            .openapi('TransferTimeline'),
        },
      },
    },
    ...problemResponses('transfer_not_found', 'transfer_id_invalid', 'database_unavailable'),
  },
});

export function transferTimelineRoutes({ database, client, sight, walletShardCount }: TimelineDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { transfer_id: id } = c.req.valid('param');
    c.var.log.setBindings({ transfer_id: id });
    const sources = createSources<string, 'gone'>(c.var.log);
    const { transfer, steps } = await readTransferSaga(database, c.var.holder.tenant, id);
    sources.note('transfers', 'ok');
    const lanes = {
      sender: walletLane(shardOf(transfer.senderWalletId, walletShardCount)),
      receiver: walletLane(shardOf(transfer.receiverWalletId, walletShardCount)),
    };
    const [legs, seen] = await Promise.all([
      askWallets(sources, sight, [id], transfer, walletShardCount),
      askTemporal(sources, () => seeTransferWorkflow(client, transfer)),
    ]);
    const placesOf = placesIn(lanes);
    const saga: Saga = {
      workflow: renderWorkflow(seen),
      started_at: transfer.createdAt.toISOString(),
      // What waits for approvals begins with as much time as it had when it was asked for.
      deadline_at: transfer.status === 'AWAITING_APPROVAL' ? null : transfer.deadlineAt.toISOString(),
      ended_at: isTerminal(transfer.status) ? (steps.at(-1)?.at ?? transfer.updatedAt.toISOString()) : null,
      steps: steps.map((step) => ({ ...step, n: 0 })),
      lanes: lanesOf(transfer, lanes, legs, seen),
      pending: renderPending(seen?.pending ?? [], placesOf),
      ...renderEntries(legs?.entries ?? [], walletLane),
    };
    c.header('Cache-Control', 'no-store');
    return c.json(
      { transfer: renderTransfer(transfer), at: new Date().toISOString(), saga, sources: sources.states() },
      200,
    );
  });
}

type TimelineSources = ReturnType<typeof createSources<string, 'gone'>>;
type Pair = Pick<Parameters<typeof renderTransfer>[0], 'senderWalletId' | 'receiverWalletId'>;

/** What the shards of these wallets know; each shard is a source of its own. */
export async function askWallets(
  sources: TimelineSources,
  sight: WalletSight,
  movementIds: readonly string[],
  { senderWalletId, receiverWalletId }: Pair,
  walletShardCount: number,
): Promise<SeenLegs | undefined> {
  const walletIds = [senderWalletId, receiverWalletId];
  const concerned = new Set(walletIds.map((id) => shardOf(id, walletShardCount)));
  const name = 'wallets';
  const legs = await sources.ask(name, () => sight.legs(movementIds, walletIds));
  sources.forget(name);
  for (const shard of concerned)
    sources.note(walletLane(shard), legs?.shards.find((each) => each.shard === shard)?.state ?? 'unavailable');
  return legs;
}

/** What Temporal knows; undefined if it does not answer, or keeps nothing. */
export async function askTemporal(
  sources: TimelineSources,
  see: () => Promise<SeenWorkflow | undefined>,
): Promise<SeenWorkflow | undefined> {
  const answer = await sources.ask('temporal', async () => ({ seen: await see() }));
  if (answer !== undefined && answer.seen === undefined) sources.note('temporal', 'gone');
  return answer?.seen;
}

function walletLane(shard: number): string {
  return walletTaskQueue(shard);
}

/** The leg that undoes another, and which. */
const COMPENSATIONS = {
  cancel_credit: 'credit',
  refund: 'debit',
  write_off: 'debit',
  advance: 'debit',
  cancel_advance: 'advance',
};

interface Lanes {
  readonly sender: string;
  readonly receiver: string;
}

const OF_SENDER: Readonly<Record<string, string>> = {
  ...{ debit: 'debit', debitGroup: 'debit', refund: 'refund', writeOff: 'write_off' },
  ...{ advance: 'advance', cancelAdvance: 'cancel_advance' },
};
const OF_RECEIVER: Readonly<Record<string, string>> = {
  ...{ credit: 'credit', creditGroup: 'credit', cancelCredit: 'cancel_credit' },
  passingCreditRefusal: 'passing_credit_refusal',
};
/** Both legs in one activity. */
const OF_BOTH = ['transferAtOnce', 'transferGroupAtOnce', 'debitAndCredit'];

/** The legs to which an activity belongs; of a group's, those of this transfer's shards. */
function placesIn({ sender, receiver }: Lanes) {
  return ({ name, taskQueue = null }: { readonly name: string; readonly taskQueue?: string | null }): Place[] => {
    const at = (lane: string, leg: string): Place[] =>
      // A group asks every shard.
      name.endsWith('Group') && taskQueue !== null && taskQueue !== lane ? [] : [{ lane, service: 'wallet', leg }];
    if (OF_BOTH.includes(name)) return [...at(sender, 'debit'), ...at(receiver, 'credit')];
    const ofSender = OF_SENDER[name];
    if (ofSender !== undefined) return at(sender, ofSender);
    const ofReceiver = OF_RECEIVER[name];
    if (ofReceiver !== undefined) return at(receiver, ofReceiver);
    return [{ lane: 'transfer', service: 'transfer', leg: snakeOf(name) }];
  };
}

function snakeOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function lanesOf(
  transfer: Parameters<typeof renderTransfer>[0],
  { sender, receiver }: Lanes,
  legs: SeenLegs | undefined,
  seen: SeenWorkflow | undefined,
): Saga['lanes'] {
  const book = createLegBook(COMPENSATIONS);
  const { transferId, amount, currency, senderWalletId, receiverWalletId } = transfer;
  const money = (wallet: string) => ({ wallet_id: wallet, amount, currency, movement_id: transferId });
  const at = (lane: string, leg: string): Place => ({ lane, service: 'wallet', leg });
  book.expect(at(sender, 'debit'), money(senderWalletId));
  book.expect(at(receiver, 'credit'), money(receiverWalletId));
  const placesOf = placesIn({ sender, receiver });
  for (const activity of seen?.activities ?? []) {
    const places = placesOf(activity);
    if (places.length > 0) book.attempt(places, activity);
  }
  for (const fence of legs?.fences ?? []) {
    const lane = walletLane(fence.shard);
    const decided = { verdict: verdictOf(fence), money: moneyOf(fence) };
    book.decide({ ...at(lane, fence.leg), ...decided });
    // Undone before it happened: the undoing is decided by the same fence.
    if (fence.outcome === 'canceled' && fence.leg in UNDONE_BY)
      book.decide({ ...at(lane, UNDONE_BY[fence.leg]!), ...decided });
  }
  return book.lanes();
}

/** Which leg has canceled one that had not happened. */
const UNDONE_BY: Readonly<Record<string, string>> = {
  ...{ credit: 'cancel_credit', debit: 'refund', advance: 'cancel_advance' },
};

function verdictOf({ outcome, reason, at }: SeenFence) {
  return { outcome, reason, at };
}

function moneyOf({ wallet_id, amount, currency, movement_id }: SeenFence) {
  return { wallet_id, amount, currency, movement_id };
}
