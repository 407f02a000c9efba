/**
 * `npm run demo`: the promise of Counterpoise in one screen. It brings up PostgreSQL and Temporal of its own, lets the credits of
 * some transfers fail for good, waits until each has completed or was rolled back, and audits the result. Its data, in the folder
 * `demo` of DATA_DIR, is apart from that of a stack on DATA_DIR, and so are its ports and its Temporal server: no fault gets out.
 * `--seed`, `--transfers`, `--fail-credit`; `--json`: one object on the last line; `--stay`: everything stays up until it is asked
 * to stop, for a look at the Web UI. Exits 1 if an invariant is broken.
 */
import { randomInt } from 'node:crypto';
import type { AuditReport } from '../audit/audit.ts';
import { describeInvariants } from '../audit/report.ts';
import { createClient } from '../client/client.ts';
import { showProgress, silentProgress, type Progress } from '../dev/progress.ts';
import { EXIT } from '../process/exit-code.ts';
import { readApiKey } from '../dev/api-key-file.ts';
import { readFlags, share, wholeNumber } from './arguments.ts';
import { auditedUrls, auditStack } from './audit-stack.ts';
import { onDemoStack, workflowLink, type DemoStack } from './demo-stack.ts';
import { exitCodeFor, isExplained } from './exit.ts';
import { carryOut, drawFailing, failCredits, type DemoOutcome, type DemoPlan } from './demo-transfers.ts';

const USAGE = 'Usage: npm run demo -- [--seed N] [--transfers 100] [--fail-credit 0.3] [--stay] [--json]';
const DEADLINE_SECONDS = 3;

interface Result {
  readonly outcome: DemoOutcome;
  readonly report: AuditReport;
  readonly link: string | undefined;
  readonly ok: boolean;
}

const isJson = process.argv.includes('--json');
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

try {
  const { plan, stays } = readCommand();
  const ok = await demo(plan, stays, isJson ? silentProgress : showProgress(process.stderr));
  process.exit(ok ? EXIT.ok : EXIT.failed);
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) }));
  process.exit(interrupt.signal.aborted ? 130 : exitCodeFor(error));
}

function readCommand(): { plan: DemoPlan; stays: boolean } {
  const values = readFlags(
    {
      seed: { type: 'string' },
      transfers: { type: 'string' },
      'fail-credit': { type: 'string' },
      stay: { type: 'boolean' },
      json: { type: 'boolean' },
    },
    USAGE,
  );
  const plan = {
    seed: wholeNumber('--seed', values.seed ?? `${randomInt(1_000_000)}`, { max: 2 ** 32, usage: USAGE }),
    transfers: wholeNumber('--transfers', values.transfers ?? '100', { max: 100_000, usage: USAGE }),
    failCredit: share('--fail-credit', values['fail-credit'] ?? '0.3', USAGE),
    run: Date.now().toString(36),
  };
  return { plan, stays: values.stay ?? false };
}

/**
 * Runs the demo on a stack of its own, and stops it. Returns whether invariants hold, all transfers ended and no money is missing.
 */
async function demo(plan: DemoPlan, stays: boolean, progress: Progress): Promise<boolean> {
  const result = await onDemoStack(
    {
      ...{ name: 'demo', stays, progress },
      settings: { TRANSFER_DEADLINE_SECONDS: `${DEADLINE_SECONDS}` },
      wrap: (activities) => failCredits(activities, plan),
      interrupt: interrupt.signal,
    },
    (stack) => run(plan, stack, progress),
    (shown, farewell) => {
      if (isJson) console.log(JSON.stringify(asJson(plan, shown)));
      else show(plan, shown);
      if (!isJson) console.log(farewell);
    },
  );
  return result.ok;
}

async function run(plan: DemoPlan, stack: DemoStack, progress: Progress): Promise<Result> {
  const { api, infrastructure, settings } = stack;
  const step = progress.begin('Transfers');
  let completed = 0;
  let others = 0;
  const outcome = await carryOut(
    createClient({ baseUrl: api, apiKey: readApiKey(infrastructure.dataDir) }),
    plan,
    ({ status }) => {
      if (status === 'COMPLETED') completed += 1;
      else others += 1;
      step.update(`${completed + others} of ${plan.transfers}, ${completed} completed, ${others} rolled back`);
    },
  );
  step.done(`${plan.transfers}`);

  const auditing = progress.begin('Audit');
  const report = await auditStack({ ...auditedUrls(infrastructure.databases), settings });
  auditing.done('done');
  const link = outcome.example === undefined ? undefined : workflowLink(stack, `transfer/${outcome.example}`);
  return {
    outcome,
    report,
    link,
    ok: report.ok && outcome.underWay === 0 && outcome.moneyBefore === outcome.moneyAfter,
  };
}

function asJson({ seed, transfers, failCredit }: DemoPlan, { outcome, report, link, ok }: Result): object {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  const { completed, rolledBack, underWay, moneyBefore, moneyAfter } = outcome;
  return {
    ok,
    seed,
    transfers,
    fail_credit: failCredit,
    completed,
    rolled_back: sum(rolledBack),
    reasons: rolledBack,
    under_way: underWay,
    money_before: moneyBefore,
    money_after: moneyAfter,
    violations: sum(report.totals),
    breaches: report.violations,
    rolled_back_example: link ?? null,
  };
}

function show(plan: DemoPlan, { outcome, report, link }: Result): void {
  const row = (what: string, value: string | number): string => `  ${what.padEnd(44)} ${String(value).padStart(14)}`;
  const { completed, rolledBack, underWay, moneyBefore, moneyAfter } = outcome;
  console.log(
    [
      '',
      `${plan.transfers} transfers between 10 wallets in 2 databases; for ${drawFailing(plan).size} of them, drawn by --seed ${plan.seed},`,
      `the credit fails every time it is tried. Each has ${DEADLINE_SECONDS} s until it is given up.`,
      '',
      row('Completed', completed),
      ...Object.entries(rolledBack).map(([reason, howMany]) => row(`Rolled back: ${reason}`, howMany)),
      ...(underWay === 0 ? [] : [row('Still under way', underWay)]),
      row('Money in the ten wallets before, USD', moneyBefore),
      row('Money in the ten wallets after, USD', moneyAfter),
      '',
      describeInvariants(report),
      '',
      ...(link === undefined ? [] : ['One that was rolled back, in the Temporal Web UI:', `  ${link}`, '']),
    ].join('\n'),
  );
}
