/**
 * What clients try with another tenant's things: to move money from its wallets and into them, and to read and change what is its own.
 * None of it may move anything, or be answered otherwise than for what nobody has.
 */
import type { BodyOf } from '../client/client.ts';
import { tenantOf } from '../domain/tenant.ts';
import type { Action, Actions } from './actions.ts';
import type { Terms } from './book.ts';
import type { Draws } from './draws.ts';
import type { Memory } from './memory.ts';
import { transactionOf, transferOf, type Operation } from './operation.ts';
import type { World } from './world.ts';

/** What one tenant's clients know of the other: more than they could. */
export interface Strangers {
  readonly wallets: readonly [string, ...string[]];
  /** What the other's clients remember. */
  readonly memory: Memory;
}

/** Of a movement that names another tenant's wallet: its row of the report, and its share of the items of batches and bursts. */
export const OF_ANOTHER = { kind: 'refused: wallet of another tenant', share: 0.04 } as const;

const TRANSACTIONS = 0.35;
const LIMITS: BodyOf<'setWalletLimits'> = { max_amount: '0.0001' };
const RESOLUTION: BodyOf<'resolveOrder'> = { action: 'retry', comment: 'by a stranger' };
const RETURNED: BodyOf<'createReturn'> = { lines: [{ sku: 'POT', quantity: 1 }] };

/** A movement of one's own to or from another's wallet, by the same terms as between one's own. Undefined where there is no other. */
export function moveAcross(
  { key, draws, world, strangers }: Scene,
  own: Terms,
): { readonly operation: Operation } | undefined {
  if (strangers === undefined) return undefined;
  const [theirs, tenant] = [draws.from(strangers.wallets, 'strange'), tenantOf(world)];
  const { kind } = OF_ANOTHER;
  if (draws.chance(TRANSACTIONS, 'outside')) {
    // A whole cent, as movements from and to the outside world have to be.
    const body = { wallet_id: theirs, amount: '1.0100', currency: own.currency };
    return transactionOf(key, kind, { ...body, type: draws.from(['CREDIT', 'DEBIT'], 'type') }, tenant);
  }
  const isHold = draws.chance(0.3, 'hold');
  const rest = isHold ? ({ capture_method: 'manual' } as const) : {};
  if (draws.chance(0.5, 'from')) return transferOf(key, kind, { ...own, from: theirs }, rest, tenant);
  // One's own money can be held for it, and has to come back once it is captured.
  return transferOf(key, isHold ? 'hold' : kind, { ...own, to: theirs }, rest, tenant);
}

/** Requests about what another tenant has, each answered as of what nobody has. */
export function askForTheirs(strangers: Strangers | undefined, draws: Draws): Actions | undefined {
  if (strangers === undefined) return undefined;
  const id = strangers.memory.recentTransfer(draws);
  const actions = [...ofWallet(draws.from(strangers.wallets, 'strange')), ...(id === undefined ? [] : ofTransfer(id))];
  return { actions: [draws.shuffled(actions, 'action')[0]!] };
}

/** A request about an order of another tenant, of which only the id is known. Undefined as long as there is none. */
export function askForTheirOrder(ids: readonly string[], draws: Draws): Action | undefined {
  const [first, ...rest] = ids;
  if (first === undefined) return undefined;
  return draws.shuffled(ofOrder(draws.from([first, ...rest], 'order')), 'action')[0];
}

function ofOrder(id: string): Action[] {
  return actionsOf('order', id, 'order_not_found', {
    read: (api, options) => api.orders.get(id, options),
    'read the steps of': (api, options) => api.orders.steps(id, options),
    'read the timeline of': (api, options) => api.orders.timeline(id, options),
    cancel: (api, options) => api.orders.cancel(id, options),
    'hand over': (api, options) => api.orders.handOver(id, 1, { carrier_reference: 'stranger' }, options),
    resolve: (api, options) => api.orders.resolve(id, RESOLUTION, options),
    return: (api, options) => api.returns.create(id, RETURNED, { ...options, idempotencyKey: `theirs-${id}` }),
  });
}

function ofWallet(id: string): Action[] {
  return actionsOf('wallet', id, 'wallet_not_found', {
    read: (api, options) => api.wallets.get(id, options),
    'read the entries of': (api, options) => api.wallets.entries(id, {}, options),
    suspend: (api, options) => api.wallets.suspend(id, options),
    limit: (api, options) => api.wallets.setLimits(id, LIMITS, options),
  });
}

function ofTransfer(id: string): Action[] {
  return actionsOf('transfer', id, 'transfer_not_found', {
    read: (api, options) => api.transfers.get(id, options),
    cancel: (api, options) => api.transfers.cancel(id, options),
    capture: (api, options) => api.transfers.capture(id, {}, options),
    reverse: (api, options) => api.transfers.reverse(id, {}, options),
  });
}

function actionsOf(
  what: string,
  id: string,
  mustRefuse: string,
  verbs: Readonly<Record<string, (...args: Parameters<Action['send']>) => Promise<unknown>>>,
): Action[] {
  return Object.entries(verbs).map(([verb, ask]) => ({
    kind: `${verb} another tenant's ${what}`,
    about: id,
    mustRefuse,
    send: async (api, options) => {
      await ask(api, options);
      return { id };
    },
  }));
}

interface Scene {
  readonly key: string;
  readonly draws: Draws;
  readonly world: World;
  readonly strangers?: Strangers | undefined;
}
