/** What needs a person, by kind: each thing once, though most have a case of their own as well. */
interface OverviewLike<Kind extends string> {
  /** Null where not everybody could be asked. */
  readonly needs_you: { readonly count: number | null };
  readonly attention: readonly { readonly kind: Kind; readonly count: number; readonly oldest_at: string | null }[];
}

export interface Need<Kind extends string> {
  /** `findings`: cases of the reconciliation, about what shows no attention itself. */
  readonly kind: Kind | 'findings';
  readonly count: number;
  /** Null where it is not told. */
  readonly oldest_at: string | null;
}

const CASES: readonly string[] = ['cases', 'order_cases'];
const OF_ORDERS: readonly string[] = ['orders', 'returns'];

/** Their counts come to that of the sentence above them. */
export function needsOf<Kind extends string>({ needs_you, attention }: OverviewLike<Kind>): Need<Kind>[] {
  const needs = attention.filter(({ kind, count }) => count > 0 && !CASES.includes(kind));
  if (needs_you.count === null)
    return needs.length > 0 ? needs : attention.filter(({ kind, count }) => count > 0 && CASES.includes(kind));
  const findings = needs_you.count - needs.reduce((sum, { count }) => sum + count, 0);
  if (findings <= 0) return needs;
  const oldest = needs.length === 0 ? attention.find(({ kind }) => kind === 'cases')?.oldest_at : null;
  return [...needs, { kind: 'findings', count: findings, oldest_at: oldest ?? null }];
}

/** Whether all of it is about orders, which have a list of cases of their own. */
export function areOfOrders(needs: readonly Need<string>[]): boolean {
  return needs.length > 0 && needs.every(({ kind }) => OF_ORDERS.includes(kind));
}
