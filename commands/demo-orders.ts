/**
 * `npm run demo:orders`: orders from stock to books in one screen, on a stack of its own. Some goods are sold out, some buyers cannot
 * pay, some deliveries cannot be booked, some buyers change their mind: each order completes, or everything of it is undone.
 * `--seed`, `--orders`; `--json`: one object on the last line; `--stay`: everything stays up until it is asked to stop. Exits 1 if an
 * invariant is broken.
 */
import { randomInt } from 'node:crypto';
import type { AuditReport } from '../audit/audit.ts';
import { describeInvariants } from '../audit/report.ts';
import { createClient } from '../client/client.ts';
import { showProgress, silentProgress, type Progress } from '../dev/progress.ts';
import { parseUnits } from '../domain/money.ts';
import { EXIT } from '../process/exit-code.ts';
import { readApiKey } from '../dev/api-key-file.ts';
import { readFlags, wholeNumber } from './arguments.ts';
import { auditedUrls, auditStack } from './audit-stack.ts';
import { carryOutOrders, type OrdersOutcome, type OrdersPlan } from './demo-orders-plan.ts';
import { onDemoStack, workflowLink, type DemoStack } from './demo-stack.ts';
import { exitCodeFor, isExplained } from './exit.ts';

const USAGE = 'Usage: npm run demo:orders -- [--seed N] [--orders 100] [--stay] [--json]';

interface Result {
  readonly outcome: OrdersOutcome;
  readonly report: AuditReport;
  readonly link: string | undefined;
  readonly ok: boolean;
}

const isJson = process.argv.includes('--json');
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

try {
  const { plan, stays } = readCommand();
  const progress = isJson ? silentProgress : showProgress(process.stderr);
  const { ok } = await onDemoStack(
    { name: 'demo-orders', settings: {}, stays, progress, interrupt: interrupt.signal },
    (stack) => run(plan, stack, progress),
    (shown, farewell) =>
      console.log(isJson ? JSON.stringify(asJson(plan, shown)) : `${describe(plan, shown)}\n${farewell}`),
  );
  process.exit(ok ? EXIT.ok : EXIT.failed);
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) }));
  process.exit(interrupt.signal.aborted ? 130 : exitCodeFor(error));
}

function readCommand(): { plan: OrdersPlan; stays: boolean } {
  const values = readFlags(
    { seed: { type: 'string' }, orders: { type: 'string' }, stay: { type: 'boolean' }, json: { type: 'boolean' } },
    USAGE,
  );
  const plan = {
    seed: wholeNumber('--seed', values.seed ?? `${randomInt(1_000_000)}`, { max: 2 ** 32, usage: USAGE }),
    orders: wholeNumber('--orders', values.orders ?? '100', { max: 10_000, usage: USAGE }),
    run: Date.now().toString(36),
  };
  return { plan, stays: values.stay ?? false };
}

async function run(plan: OrdersPlan, stack: DemoStack, progress: Progress): Promise<Result> {
  const { api, infrastructure, settings } = stack;
  const step = progress.begin('Orders');
  let completed = 0;
  let others = 0;
  const outcome = await carryOutOrders(
    createClient({ baseUrl: api, apiKey: readApiKey(infrastructure.dataDir) }),
    plan,
    ({ status }) => {
      if (status === 'COMPLETED') completed += 1;
      else others += 1;
      step.update(`${completed + others} of ${plan.orders}, ${completed} completed, ${others} undone`);
    },
  );
  step.done(`${plan.orders}`);
  const auditing = progress.begin('Audit');
  const report = await auditStack({ ...auditedUrls(infrastructure.databases), settings });
  auditing.done('done');
  const { before, after, underWay, example } = outcome;
  const sum = ({ buyersMoney, sellersMoney }: OrdersOutcome['before']): bigint =>
    parseUnits(buyersMoney) + parseUnits(sellersMoney);
  return {
    ...{ outcome, report },
    link: example === undefined ? undefined : workflowLink(stack, `order/${example}`),
    ok:
      report.ok &&
      underWay === 0 &&
      after.reserved === 0 &&
      sum(before) === sum(after) &&
      after.invoiced === after.sellersMoney,
  };
}

function asJson({ seed, orders }: OrdersPlan, { outcome, report, link, ok }: Result): object {
  const { confirmed, canceled, byReason, underWay, before, after } = outcome;
  return {
    ok,
    seed,
    orders,
    confirmed,
    canceled,
    by_reason: byReason,
    under_way: underWay,
    before,
    after,
    violations: Object.values(report.totals).reduce((all, one) => all + one, 0),
    breaches: report.violations,
    compensated_example: link ?? null,
  };
}

function describe(plan: OrdersPlan, { outcome, report, link }: Result): string {
  const row = (what: string, ...values: (string | number)[]): string =>
    `  ${what.padEnd(34)} ${values.map((value) => String(value).padStart(14)).join(' ')}`;
  const { byReason, underWay, before, after } = outcome;
  return [
    '',
    `${plan.orders} orders of one seller, drawn by --seed ${plan.seed}: what ended them.`,
    '',
    ...Object.entries(byReason)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([how, count]) => row(how, count)),
    ...(underWay === 0 ? [] : [row('Still under way', underWay)]),
    '',
    row('', 'before', 'after'),
    row('Units on hand', before.onHand, after.onHand),
    row('Units reserved', before.reserved, after.reserved),
    row('Money of the buyers, USD', before.buyersMoney, after.buyersMoney),
    row('Money of the seller, USD', before.sellersMoney, after.sellersMoney),
    row('Invoiced, USD', before.invoiced, after.invoiced),
    '',
    describeInvariants(report),
    '',
    ...(link === undefined ? [] : ['One that was undone, in the Temporal Web UI:', `  ${link}`, '']),
  ].join('\n');
}
