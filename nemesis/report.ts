/** The report of a run: as text, as the object that `--json` prints, and as the page docs/proof/nemesis.md. Pure. */
import type { AuditReport } from '../audit/audit.ts';
import type { Violation } from './violations.ts';

export interface NemesisReport {
  readonly ok: boolean;
  /** Whether the stack published to a broker. */
  readonly hasKafka: boolean;
  readonly seed: number;
  readonly seconds: number;
  /** By kind of operation: the number of keys, and of the requests that were sent for them. */
  readonly operations: Readonly<
    Record<
      string,
      { readonly keys: number; readonly requests: number; readonly accepted: number; readonly unknown: number }
    >
  >;
  /** The number of requests by their answer. */
  readonly told: Readonly<Record<string, number>>;
  /** The number of movements by status and reason. */
  readonly ends: Readonly<Record<string, number>>;
  /** Of transfers that were moved together: by size, and how their transfers have ended. */
  readonly groups: Readonly<Record<string, number>>;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** What the faults have affected: statements, answers, movements. */
  readonly met: Readonly<Record<string, number>>;
  /** The number of recoveries by kind, restarts by the launcher included. */
  readonly recoveries: Readonly<Record<string, number>>;
  readonly slowestDrainSeconds: number;
  readonly drains: number;
  readonly looks: { readonly made: number; readonly failed: number };
  /** The last audit, over everything. */
  readonly audit: AuditReport | undefined;
  readonly violations: readonly Violation[];
  readonly violationsTotal: number;
  /** The stories of the first violations that have a subject. */
  readonly stories: readonly string[];
  /** Why the run could not be carried out, such as that its stack did not start. */
  readonly failure: string | undefined;
}

/** The number of violations in the text; the object has more. */
const SHOWN = 30;

export function describeReport(report: NemesisReport): string {
  const { operations, told, ends, groups, faults, met, recoveries, looks } = report;
  const rows = Object.entries(operations);
  return [
    '',
    'Operations',
    ...table(
      rows.map(([kind, { keys, requests, accepted, unknown }]) => [
        kind,
        keys,
        `${requests} requests, ${accepted} accepted${unknown === 0 ? '' : `, ${unknown} never known`}`,
      ]),
    ),
    ...table([
      ['all', sum(rows.map(([, { keys }]) => keys)), `${sum(rows.map(([, { requests }]) => requests))} requests`],
    ]),
    'What requests were told',
    ...table(Object.entries(told)),
    'How movements ended',
    ...table(Object.entries(ends)),
    'Groups',
    ...table(Object.entries(groups)),
    'Faults',
    ...table([...Object.entries(faults), ['all', sum(Object.values(faults))]]),
    'What they met',
    ...table(Object.entries(met)),
    'Recoveries',
    ...table([...Object.entries(recoveries), ['all', sum(Object.values(recoveries))]]),
    '',
    `Slowest drain of ${report.drains}: ${report.slowestDrainSeconds.toFixed(1)} s. Reads during the run: ${looks.made}, of which ${looks.failed} failed.`,
    describeAudited(report),
    '',
    describeOutcome(report),
  ].join('\n');
}

/** What a run has found, the violations last, with the command of a run alike. */
export function describeOutcome(report: NemesisReport): string {
  const { violations, violationsTotal } = report;
  const shown = Math.min(violations.length, SHOWN);
  return [
    ...report.stories.map((story) => `${story}\n`),
    ...violations
      .slice(0, shown)
      .map(({ seenBy, subject, detail }) => `  ✗ ${seenBy}: ${subject === undefined ? '' : `${subject} `}${detail}`),
    ...(violationsTotal > shown ? [`    and ${violationsTotal - shown} more`] : []),
    ...(report.failure === undefined ? [] : [`The run could not be carried out: ${report.failure}`]),
    report.ok ? `No violation. Seed ${report.seed}.` : `${violationsTotal} violations. Again: ${commandOf(report)}`,
  ].join('\n');
}

export function reportAsJson({ audit, ...report }: NemesisReport): object {
  const { operations, faults, recoveries, slowestDrainSeconds, violationsTotal, hasKafka, ...rest } = report;
  return {
    ...rest,
    kafka: hasKafka,
    operations_total: sum(Object.values(operations).map(({ keys }) => keys)),
    requests_total: sum(Object.values(operations).map(({ requests }) => requests)),
    operations,
    faults_total: sum(Object.values(faults)),
    faults,
    recoveries_total: sum(Object.values(recoveries)),
    recoveries,
    slowest_drain_seconds: slowestDrainSeconds,
    violations_total: violationsTotal,
    audited: audit?.checked ?? null,
  };
}

/** The page of a run, with what is needed to repeat it. */
export function reportAsPage(
  report: NemesisReport,
  about: { readonly version: string; readonly machine: string; readonly date: string },
): string {
  return [
    '# A run of the nemesis',
    '',
    `    ${commandOf(report)} --report docs/proof/nemesis.md`,
    '',
    `Version ${about.version}, ${about.date}, ${about.machine}. **${report.violationsTotal === 0 ? 'No violation' : `${report.violationsTotal} violations`}.**`,
    '',
    'The faults and what clients ask for follow from the seed; when each request meets which fault does not, so a repeated run',
    'is alike and not the same. [docs/decisions/0017-nemesis.md](../decisions/0017-nemesis.md) says how it works.',
    '',
    '```',
    describeReport(report).trim(),
    '```',
    '',
  ].join('\n');
}

/** The command that carries out a run alike. */
export function commandOf({ seconds, seed, hasKafka }: Pick<NemesisReport, 'seconds' | 'seed' | 'hasKafka'>): string {
  return `npm run nemesis -- --minutes ${seconds / 60} --seed ${seed}${hasKafka ? ' --kafka' : ''}`;
}

function describeAudited({ audit }: NemesisReport): string {
  if (audit === undefined) return 'There was no audit.';
  const looked = Object.entries(audit.checked).map(([what, howMany]) => `${howMany} ${what.replaceAll('_', ' ')}`);
  return `Audited: ${looked.join(', ')}.`;
}

function table(rows: readonly (readonly [string, number, string?])[]): string[] {
  return rows.map(
    ([what, howMany, more]) =>
      `  ${what.padEnd(44)} ${String(howMany).padStart(8)}${more === undefined ? '' : `   ${more}`}`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
