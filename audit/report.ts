/** The report of an audit: as text for people, and as the one object that `--json` prints. */
import type { AuditReport } from './audit.ts';
import { INVARIANTS } from './findings.ts';

/** One line for each invariant, with its first breaches below it. */
export function describeInvariants({ violations, totals }: AuditReport): string {
  return (Object.keys(INVARIANTS) as (keyof typeof INVARIANTS)[])
    .flatMap((invariant) => {
      const total = totals[invariant] ?? 0;
      if (total === 0) return [`  ✓ ${invariant}  ${INVARIANTS[invariant]}`];
      const first = violations.filter((violation) => violation.invariant === invariant);
      return [
        `  ✗ ${invariant}  ${INVARIANTS[invariant]}: broken ${total === 1 ? 'once' : `${total} times`}`,
        ...first.map(({ subject, detail }) => `        ${subject}: ${detail}`),
        ...(total > first.length ? [`        and ${total - first.length} more`] : []),
      ];
    })
    .join('\n');
}

export function describeAudit(report: AuditReport): string {
  const { checked, money, undone } = report;
  const looked = Object.entries(checked).map(([what, howMany]) => `${howMany} ${what.replaceAll('_', ' ')}`);
  const sums = Object.entries(money).map(
    ([currency, sum]) =>
      `  ${currency}   in wallets ${sum.wallets}, in flight ${sum.in_flight}, external ${sum.external}`,
  );
  return [
    describeInvariants(report),
    '',
    `Looked at ${looked.join(', ')}.`,
    `Under way: ${undone.under_way}, of these waiting for somebody: ${undone.attention}, overdue: ${undone.overdue}.`,
    ...sums,
    '',
    report.ok ? 'All invariants hold.' : 'Invariants are broken.',
  ].join('\n');
}

export function auditAsJson({ ok, checked, money, undone, violations, totals }: AuditReport): object {
  const violations_total = Object.values(totals).reduce((sum, total) => sum + total, 0);
  return { ok, checked, money, undone, violations, violations_total, violations_by_invariant: totals };
}
