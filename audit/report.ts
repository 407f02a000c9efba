/** The report of an audit: as text for people, and as the one object that `--json` prints. */
import type { AuditReport } from './audit.ts';
import type { Undone } from './undone.ts';
import { INVARIANTS, ORDER_INVARIANTS, type Invariant } from './findings.ts';

/** One line for each invariant, with its first breaches below it; of those of orders only if there is an order, or a breach. */
export function describeInvariants({ checked, violations, totals }: AuditReport): string {
  const isOfOrders = (invariant: string): boolean => invariant in ORDER_INVARIANTS;
  const hasOrders = (checked.orders ?? 0) > 0 || Object.keys(totals).some(isOfOrders);
  const shown = { ...INVARIANTS, ...(hasOrders ? ORDER_INVARIANTS : {}) };
  return Object.entries(shown)
    .flatMap(([name, sentence]) => {
      const invariant = name as Invariant;
      const total = totals[invariant] ?? 0;
      if (total === 0) return [`  ✓ ${invariant}  ${sentence}`];
      const first = violations.filter((violation) => violation.invariant === invariant);
      return [
        `  ✗ ${invariant}  ${sentence}: broken ${total === 1 ? 'once' : `${total} times`}`,
        ...first.map(({ subject, detail }) => `        ${subject}: ${detail}`),
        ...(total > first.length ? [`        and ${total - first.length} more`] : []),
      ];
    })
    .join('\n');
}

export function describeAudit(report: AuditReport): string {
  const { checked, money, undone, undone_orders: orders } = report;
  const looked = Object.entries(checked).map(([what, howMany]) => `${howMany} ${what.replaceAll('_', ' ')}`);
  const sums = Object.entries(money).map(
    ([currency, sum]) =>
      `  ${currency}   in wallets ${sum.wallets}, in flight ${sum.in_flight}, external ${sum.external}`,
  );
  return [
    describeInvariants(report),
    '',
    `Looked at ${looked.join(', ')}.`,
    `Under way: ${describeUndone(undone)}.`,
    ...(orders === undefined ? [] : [`Orders under way: ${describeUndone(orders)}.`]),
    ...sums,
    '',
    report.ok ? 'All invariants hold.' : 'Invariants are broken.',
  ].join('\n');
}

function describeUndone({ under_way: underWay, attention, overdue }: Undone): string {
  return `${underWay}, of these waiting for somebody: ${attention}, overdue: ${overdue}`;
}

export function auditAsJson({ ok, checked, money, undone, undone_orders, violations, totals }: AuditReport): object {
  const violations_total = Object.values(totals).reduce((sum, total) => sum + total, 0);
  return {
    ...{ ok, checked, money, undone },
    ...(undone_orders === undefined ? {} : { undone_orders }),
    ...{ violations, violations_total, violations_by_invariant: totals },
  };
}
