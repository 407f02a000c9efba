/** The lanes of an order's saga: which activity and which fence belong to which leg. Pure. */
import { transferId } from '../../domain/derived-id.ts';
import { collectionKey, holdKey } from '../../domain/order/money.ts';
import { CONSIGNMENTS_MAX } from '../../domain/order/order.ts';
import type { SeenFence } from '../../domain/wallet/sight.ts';
import type { SeenActivity } from '../../temporal/seen-workflow.ts';
import type { OrderWithSteps } from '../order/saga.ts';
import type { SeenStepFence } from '../step-fences.ts';
import { createLegBook, type Leg, type Place, type Saga } from './saga.ts';

export type FencedService = 'inventory' | 'delivery' | 'accounting';

/** The lane of the money, which moves over the public API. */
export const MONEY_LANE = 'wallets';

const COMPENSATIONS = {
  release_order: 'reserve',
  release: 'reserve',
  void_hold: 'authorize',
  cancel_booking: 'book',
  undo_order: 'confirm_order',
  close_collection: 'collect',
};

const LANES: Readonly<Record<string, Pick<Place, 'lane' | 'service'>>> = {
  ...laneOf('inventory', ['reserve', 'issue', 'adoptIssued', 'release', 'releaseOrder', 'goodsOf', 'takeBack']),
  ...laneOf('delivery', ['book', 'cancelBooking', 'handOver', 'shipmentOf']),
  ...laneOf('accounting', ['postInvoice', 'settleDue', 'postCreditNote', 'postRefund']),
  ...Object.fromEntries(
    ['authorize', 'captureHold', 'voidHold', 'collect', 'closeCollection'].map((name) => [
      name,
      { lane: MONEY_LANE, service: 'wallet' as const },
    ]),
  ),
};

function laneOf(service: FencedService, names: readonly string[]): Record<string, Pick<Place, 'lane' | 'service'>> {
  return Object.fromEntries(names.map((name) => [name, { lane: service, service }]));
}

/** Called once for each consignment, in their order: of a local activity, Temporal does not tell what it was given. */
const ONCE_EACH = ['authorize', 'book', 'cancelBooking', 'voidHold'];

/** The transfers that may pay an order, whatever has come of them, by the consignment and the leg that makes them. */
export function paymentsOf({ order }: OrderWithSteps): Map<string, Required<Pick<Place, 'leg' | 'n'>>> {
  const { orderId, tenant, allowSplit, lines, consignments } = order;
  const parts = allowSplit ? Math.min(lines.length, CONSIGNMENTS_MAX) : 1;
  const numbers = Array.from({ length: parts }, (_, index) => index + 1);
  return new Map<string, Required<Pick<Place, 'leg' | 'n'>>>([
    ...consignments.map(({ transferId: id, n }) => [String(id), { leg: 'collect', n }] as const),
    ...numbers.map((n) => [String(transferId(collectionKey(orderId, n, 1), tenant)), { leg: 'collect', n }] as const),
    ...numbers.map((n) => [String(transferId(holdKey(orderId, n), tenant)), { leg: 'authorize', n }] as const),
  ]);
}

/** The leg to which an activity belongs. */
export function placesIn(found: OrderWithSteps) {
  const payments = paymentsOf(found);
  return ({ name, input }: Pick<SeenActivity, 'name' | 'input'>): Place[] => {
    const given = (input ?? {}) as { readonly n?: number; readonly transferId?: string };
    const n = given.n ?? (given.transferId === undefined ? undefined : payments.get(given.transferId)?.n) ?? 0;
    return [{ ...(LANES[name] ?? { lane: 'order', service: 'order' }), leg: legOf(name), n }];
  };
}

function legOf(activity: string): string {
  const name = activity.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return name === 'post_invoice' ? 'invoice' : name === 'adopt_issued' ? 'issue' : name;
}

export function lanesOf(
  found: OrderWithSteps,
  activities: readonly SeenActivity[],
  fences: Readonly<Partial<Record<FencedService, readonly SeenStepFence[]>>>,
  moneyFences: readonly SeenFence[],
): Saga['lanes'] {
  const book = createLegBook(COMPENSATIONS);
  const at = (service: FencedService, leg: string, n = 0): Place => ({ lane: service, service, leg, n });
  book.expect({ lane: 'order', service: 'order', leg: 'confirm_order' });
  book.expect(at('inventory', 'reserve'));
  const placesOf = placesIn(found);
  const seen = new Map<string, number>();
  for (const activity of activities) {
    const nth = (seen.get(activity.name) ?? 0) + 1;
    seen.set(activity.name, nth);
    const isNth = activity.input === undefined && ONCE_EACH.includes(activity.name);
    const places = placesOf(activity).map((place) => (isNth ? { ...place, n: nth } : place));
    book.attempt(places, activity);
  }
  for (const [service, own] of Object.entries(fences) as [FencedService, readonly SeenStepFence[]][])
    for (const { step, outcome, reason, at: decidedAt } of own) {
      const [leg, n] = legOfFence(step, outcome);
      book.decide({ ...at(service, leg, n), verdict: { outcome, reason, at: decidedAt } });
    }
  decideMoney(found, moneyFences, book.decide);
  return book.lanes();
}

/** The leg that a fence of a saga step has decided: its undo, if that came first. */
function legOfFence(step: string, outcome: SeenStepFence['outcome']): [leg: string, n: number] {
  const [name = '', of = ''] = step.split(':');
  const n = /^\d+$/.test(of) ? Number(of) : 0;
  const isUndone = outcome === 'undone';
  switch (name) {
    case 'reserve':
      return [isUndone ? 'release_order' : 'reserve', n];
    case 'goods':
      return [isUndone ? 'release' : 'issue', n];
    case 'book':
      return [isUndone ? 'cancel_booking' : 'book', n];
    case 'due':
      return ['settle_due', n];
    case 'return':
      return ['take_back', n];
    default:
      return [name.replaceAll('-', '_'), n];
  }
}

/** The fences of the transfers that pay: the hold's debit is the authorization, its credit the capture, unless that was canceled. */
function decideMoney(
  found: OrderWithSteps,
  fences: readonly SeenFence[],
  decide: ReturnType<typeof createLegBook>['decide'],
): void {
  const payments = paymentsOf(found);
  for (const fence of fences) {
    const payment = payments.get(fence.movement_id);
    if (payment === undefined) continue;
    const { n } = payment;
    const { outcome, reason, at, wallet_id, amount, currency, movement_id } = fence;
    const leg = moneyLeg(payment.leg, fence);
    if (leg === undefined) continue;
    const money: Pick<Leg, 'wallet_id' | 'amount' | 'currency' | 'movement_id'> = {
      ...{ wallet_id, amount, currency, movement_id },
    };
    decide({ lane: MONEY_LANE, service: 'wallet', leg, n, verdict: { outcome, reason, at }, money });
  }
}

function moneyLeg(payment: string, { leg, outcome }: SeenFence): string | undefined {
  if (payment === 'collect')
    return leg === 'credit' ? (outcome === 'canceled' ? 'close_collection' : 'collect') : undefined;
  if (leg === 'debit') return 'authorize';
  return leg === 'credit' ? (outcome === 'canceled' ? 'void_hold' : 'capture_hold') : undefined;
}
