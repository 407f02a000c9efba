/** O2 of an order as a whole: its status is that of its consignments, which are those that were reserved for it. */
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { endOfOrder } from '../../domain/order/money.ts';
import { hasOrderEnded, type Consignment } from '../../domain/order/order.ts';
import type { OrderRow, StepFence } from './order-rows.ts';

/** The problems, in sentences; none if it is as it should be. `fences` are the inventory's, by their steps. */
export function orderProblems(row: OrderRow, fences: ReadonlyMap<string, StepFence>): string[] {
  const { status, consignments, lines } = row;
  const wasConfirmed = consignments.length > 0;
  const goods = lines.reduce((sum, { quantity, unitPrice }) => sum + BigInt(quantity) * parseUnits(unitPrice), 0n);
  const problems: [isSo: boolean, sentence: string][] = [
    [
      !hasOrderEnded(row) && wasConfirmed === (status === 'PENDING'),
      `it is ${status} with ${consignments.length} consignments`,
    ],
    [goods !== parseUnits(row.goods_amount), `it says ${row.goods_amount}, but its lines sum to ${formatUnits(goods)}`],
    [status === 'CANCELED' && row.cancel_reason === null, 'it is CANCELED without a reason'],
    [row.compensating && wasConfirmed, 'it was being undone, and has consignments'],
  ];
  return [
    // Without consignments, an order that has ended was undone.
    ...(hasOrderEnded(row) && !wasConfirmed ? undoneProblems(row, fences) : []),
    ...problems.flatMap(([isSo, sentence]) => (isSo ? [sentence] : [])),
    ...(wasConfirmed ? splitProblems(row, fences.get('reserve')) : []),
    ...(hasOrderEnded(row) && wasConfirmed ? endProblems(row) : []),
    ...stepProblems(row),
  ];
}

function endProblems({ status, consignments }: OrderRow): string[] {
  const end = endOfOrder(consignments);
  return end === status ? [] : [`it is ${status}, but its consignments say ${end}`];
}

/** What was reserved for an order that was undone is given back, and nothing will be reserved for it any more. */
function undoneProblems({ status }: OrderRow, fences: ReadonlyMap<string, StepFence>): string[] {
  if (status !== 'CANCELED') return [`it is ${status} without consignments`];
  const reserved = fences.get('reserve');
  if (reserved === undefined) return ['it is CANCELED, and goods can still be reserved for it'];
  if (reserved.outcome !== 'done') return [];
  return partsOf(reserved)
    .filter(({ n }) => fences.get(`goods:${n}`)?.outcome !== 'undone')
    .map(({ n }) => `it is CANCELED, but the goods of its consignment ${n} are not given back`);
}

/** The consignments are the parts of the reservation. */
function splitProblems({ consignments, lines }: OrderRow, reserved: StepFence | undefined): string[] {
  const told = consignments.map((each) => ({
    n: each.n,
    lines: lines.filter(({ line }) => each.lines.includes(line)),
  }));
  const parts = reserved?.outcome === 'done' ? partsOf(reserved) : [];
  const [said, found] = [told, parts].map((some) => some.map(rendered).sort().join('; '));
  return said === found
    ? []
    : [`its consignments are ${said}, but the inventory has reserved ${found || 'nothing'} for it`];
}

function partsOf({ detail }: StepFence): readonly Consignment[] {
  return detail as Consignment[];
}

function rendered({ n, lines }: Consignment): string {
  const said = lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).sort();
  return `${n}: ${said.join(', ')}`;
}

/** The steps of the order as a whole are those of its way to its status, each once. */
function stepProblems({ status, steps, compensating, consignments }: OrderRow): string[] {
  const way = [
    'PENDING',
    ...(consignments.length > 0 ? ['CONFIRMED'] : []),
    ...(compensating ? ['UNDOING'] : []),
    ...(hasOrderEnded({ status }) ? [status] : []),
  ];
  const isWay = steps.toSorted().join() === way.toSorted().join();
  return isWay ? [] : [`it is ${status} with the steps: ${steps.join('; ') || 'none'}`];
}
