/**
 * The requests of clients: every kind of movement, between few hot wallets and many cold ones, and requests that must be refused.
 * All of them are drawn. A request about an earlier movement, such as a capture, takes one that clients remember.
 */
import { recurringRunId, recurringTransferId, reversalId, transferId } from '../domain/derived-id.ts';
import type { RecurringTransferId } from '../domain/ids.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import { ofTenant, tenantOf } from '../domain/tenant.ts';
import { triggeredRunName } from '../domain/transfer/recurring.ts';
import { transferAnswered } from './answers.ts';
import { cancelByKeyOf, cancelOf, decideHold, reuseKey, closeForAMoment, type Actions } from './actions.ts';
import type { Terms } from './book.ts';
import { drawBurst, type Burst } from './bursts.ts';
import type { Draws } from './draws.ts';
import type { Memory } from './memory.ts';
import { batchOf, bodyOf, transactionOf, transferOf, type Operation, type TransferKind } from './operation.ts';
import { askForTheirs, moveAcross, OF_ANOTHER, type Strangers } from './strangers.ts';
import type { World } from './world.ts';

/** What a client does next: one request, or some at the same time. */
export type Task = { readonly operation: Operation } | Burst | Actions;

interface Scene {
  readonly key: string;
  readonly draws: Draws;
  readonly world: World;
  readonly memory: Memory;
  /** What there is of the other tenant, in a run that has two. */
  readonly strangers?: Strangers | undefined;
  /** The time that is left of the run. */
  readonly leftMs: number;
}

export const HOLD_THAT_EXPIRES = 'hold that expires';

const CURRENCY = 'USD';
const AMOUNT_MAX = 20;
/** The shortest expiry that the API allows; drawn only if it ends soon after the run. */
const EXPIRY_SECONDS = 60;
const EXPIRY_AFTER_END_MS = 10_000;
const SCHEDULED_SECONDS_MAX = 12;
const BATCH_ITEMS = { min: 3, max: 60 };
const ORDERS_MAX = 6;
const CANCELED_AFTER_MS_MAX = 200;

/** The tasks with their relative frequencies. If one cannot be drawn now, a transfer takes its place. */
const TASKS: readonly (readonly [weight: number, draw: (scene: Scene) => Task | undefined])[] = [
  [34, transfer],
  [7, ({ key, draws, world, strangers }) => drawBurst({ key, draws, world, strangers }, transfer)],
  [10, (scene) => transfer(scene, { kind: 'hold', capture_method: 'manual' })],
  [3, expiringHold],
  [6, scheduled],
  [9, ({ draws, memory }) => decideHold(memory, draws)],
  [6, reversal],
  [6, (scene) => transaction(scene, 'CREDIT')],
  [5, (scene) => transaction(scene, 'DEBIT')],
  [3, batch],
  [1, standingOrder],
  [2, trigger],
  [3, (scene) => transfer(scene, { kind: 'refused: no money', sender: scene.world.poor })],
  [3, (scene) => transfer(scene, { kind: 'refused: suspended', receiver: scene.world.suspended })],
  [2, (scene) => transfer(scene, { kind: 'refused: unknown wallet', receiver: scene.world.unknown })],
  [2, (scene) => transfer(scene, { kind: 'refused: limit', sender: scene.world.limited })],
  [1, (scene) => transfer(scene, { kind: 'refused: currency', receiver: scene.world.euro })],
  [2, malformed],
  [5, (scene) => moveAcross(scene, drawTerms(scene.draws, scene.world))],
  [3, ({ draws, strangers }) => askForTheirs(strangers, draws)],
  [4, cancel],
  [3, canceledByKey],
  [2, ({ draws, memory }) => reuseKey(memory, draws)],
  [1, ({ world }) => ({ actions: [closeForAMoment(world.shaky)] })],
];

export function drawTask(scene: Scene): Task {
  const total = TASKS.reduce((sum, [weight]) => sum + weight, 0);
  let rest = scene.draws.number('kind') * total;
  const [, drawIt] = TASKS.find(([weight]) => (rest -= weight) < 0)!;
  return drawIt(scene) ?? transfer(scene);
}

export function transfer(
  { key, draws, world }: Pick<Scene, 'key' | 'draws' | 'world'>,
  special: TransferKind = {},
): { readonly operation: Operation } {
  const { kind = 'transfer', sender, receiver, ...rest } = special;
  return transferOf(key, kind, drawTerms(draws, world, { sender, receiver }), rest, tenantOf(world));
}

function expiringHold(scene: Scene): Task | undefined {
  if (scene.leftMs + EXPIRY_AFTER_END_MS < EXPIRY_SECONDS * 1_000) return undefined;
  return transfer(scene, { kind: HOLD_THAT_EXPIRES, capture_method: 'manual', expires_in: EXPIRY_SECONDS });
}

function scheduled(scene: Scene): Task {
  const inSeconds = scene.draws.whole(1, SCHEDULED_SECONDS_MAX, 'in');
  return transfer(scene, {
    kind: 'scheduled',
    scheduled_at: new Date(Date.now() + inSeconds * 1_000).toISOString(),
  });
}

function cancel({ draws, memory }: Scene): Task | undefined {
  const id = memory.recentTransfer(draws);
  return id === undefined ? undefined : { actions: [cancelOf(id)] };
}

/** A client gives up on the request that creates a transfer or a hold, and cancels it by its key while that may be on its way. */
function canceledByKey({ key, draws, world }: Scene): Task {
  const isHold = draws.chance(0.5, 'hold');
  const terms = drawTerms(draws, world, {});
  const rest = isHold ? { capture_method: 'manual' as const } : {};
  const tenant = tenantOf(world);
  const { operation } = transferOf(key, isHold ? 'hold' : 'transfer', terms, rest, tenant);
  const action = cancelByKeyOf(key, { ...bodyOf(terms), ...rest }, tenant);
  return { burst: [operation], later: [{ action, afterMs: draws.whole(0, CANCELED_AFTER_MS_MAX, 'canceled after') }] };
}

function reversal({ key, draws, world, memory }: Scene): Task | undefined {
  const reversed = memory.completed(draws);
  if (reversed === undefined) return undefined;
  const amount = draws.chance(0.5, 'whole')
    ? undefined
    : formatUnits((parseUnits(reversed.amount) * BigInt(draws.whole(10, 100, 'part'))) / 100n);
  const tenant = tenantOf(world);
  const id = reversalId(key, tenant);
  const move = {
    id,
    movement: 'transfer',
    from: reversed.to,
    to: reversed.from,
    amount,
    currency: reversed.currency,
  } as const;
  return {
    operation: {
      asked: { ...ofTenant(tenant), key, kind: 'reversal', names: 'transfer', id, moves: [move] },
      send: async (api, options) =>
        transferAnswered(await api.transfers.reverse(reversed.id, amount === undefined ? {} : { amount }, options)),
    },
  };
}

function transaction({ key, draws, world }: Scene, type: 'CREDIT' | 'DEBIT'): Task {
  const wallet_id = anyWallet(draws, world, 'wallet');
  const body = { wallet_id, type, amount: drawnCents(draws), currency: CURRENCY };
  return transactionOf(key, type === 'CREDIT' ? 'deposit' : 'withdrawal', body, tenantOf(world));
}

/** A batch of which some items are refused; that must not matter for the others. */
function batch({ key, draws, world, strangers }: Scene): Task {
  const tenant = tenantOf(world);
  const terms = Array.from({ length: draws.whole(BATCH_ITEMS.min, BATCH_ITEMS.max, 'items') }, (_, n) =>
    drawTerms(draws.of('item', n), world, {
      sender: draws.chance(0.05, 'poor', n) ? world.poor : strangerIn(draws, strangers, 'sender', n),
      receiver: draws.chance(0.05, 'suspended', n) ? world.suspended : strangerIn(draws, strangers, 'receiver', n),
    }),
  );
  return batchOf(key, 'batch', terms, tenant);
}

/** A standing order whose first run comes soon. */
function standingOrder({ key, draws, world, memory }: Scene): Task | undefined {
  if (memory.orderCount() >= ORDERS_MAX) return undefined;
  const order = drawTerms(draws, world);
  const tenant = tenantOf(world);
  const id = recurringTransferId(key, tenant);
  const starts_at = new Date(Date.now() + draws.whole(2, 10, 'in') * 1_000).toISOString();
  return {
    operation: {
      asked: { ...ofTenant(tenant), key, kind: 'standing order', names: 'recurring', id, moves: [], order },
      send: async (api, options) => {
        const answer = await api.recurringTransfers.create({ ...bodyOf(order), every: 60, starts_at }, options);
        return { id: answer.recurring_transfer_id };
      },
    },
  };
}

function trigger({ key, draws, world, memory }: Scene): Task | undefined {
  const found = memory.order(draws);
  if (found === undefined) return undefined;
  const id = recurringRunId(found.id as RecurringTransferId, triggeredRunName(key));
  return {
    operation: {
      asked: {
        ...ofTenant(tenantOf(world)),
        key,
        kind: 'triggered run',
        names: 'transfer',
        id,
        moves: [{ id, movement: 'transfer', ...found.order }],
      },
      send: async (api, options) => transferAnswered(await api.recurringTransfers.trigger(found.id, options)),
    },
  };
}

/** A request that must be refused before anything is stored: a movement with its key would be a violation. */
function malformed({ key, draws, world }: Scene): Task {
  const terms = drawTerms(draws, world);
  const tenant = tenantOf(world);
  const id = transferId(key, tenant);
  const amount = draws.from(['-5.00', '0', '1.00001', 'much', '99999999999999999999'], 'amount');
  return {
    operation: {
      asked: { ...ofTenant(tenant), key, kind: 'refused: malformed', names: 'transfer', id, moves: [] },
      send: async (api, options) => transferAnswered(await api.transfers.create({ ...bodyOf(terms), amount }, options)),
    },
  };
}

function drawTerms(
  draws: Draws,
  world: World,
  fixed: { sender?: string | undefined; receiver?: string | undefined } = {},
): Terms {
  const from = fixed.sender ?? anyWallet(draws, world, 'sender');
  let to = fixed.receiver ?? anyWallet(draws, world, 'receiver');
  for (let n = 0; to === from; n += 1) to = anyWallet(draws, world, 'receiver', n);
  return { from, to, amount: drawnAmount(draws), currency: CURRENCY };
}

/** Now and then a wallet of the other tenant. */
function strangerIn(draws: Draws, strangers: Strangers | undefined, ...name: (string | number)[]): string | undefined {
  if (strangers === undefined || !draws.chance(OF_ANOTHER.share, 'strange', ...name)) return undefined;
  return draws.from(strangers.wallets, 'strange', ...name);
}

/** A wallet; half of the draws are one of a few hot ones. */
function anyWallet(draws: Draws, { hot, cold, shaky }: World, ...name: (string | number)[]): string {
  if (draws.chance(0.03, 'shaky', ...name)) return shaky;
  return draws.chance(0.5, 'hot', ...name) ? draws.from(hot, ...name) : draws.from(cold, ...name);
}

function drawnAmount(draws: Draws): string {
  return formatUnits(BigInt(draws.whole(1, AMOUNT_MAX * 10_000, 'amount')));
}

/** An amount in whole cents, for movements from or to the outside world. */
function drawnCents(draws: Draws): string {
  return formatUnits(BigInt(draws.whole(1, AMOUNT_MAX * 100, 'amount')) * 100n);
}
