/**
 * A run of the nemesis: a stack of its own, clients, faults drawn from a seed, and after every few minutes a drain and a check of
 * everything. It ends by itself and leaves no process behind, also when it is aborted. Its findings are in the report; its
 * directory is kept only after a violation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditReport } from '../audit/audit.ts';
import type { KafkaBroker } from '../dev/kafka-broker.ts';
import { APPROVAL_SOON } from './approval-soon.ts';
import { openApprovals } from './approvals.ts';
import { ATTENTION_SOON } from './attention-soon.ts';
import { openBook, type Book } from './book.ts';
import { makeBuild, type Edit } from './build.ts';
import { drain } from './drain.ts';
import { drawsOf } from './draws.ts';
import type { FaultKind } from './fault.ts';
import { verifyTopic } from './kafka-topic.ts';
import { LEASE_SOON } from './lease-soon.ts';
import { createObserver } from './observer.ts';
import { createOperator } from './operator.ts';
import { openOrders, type Orders } from './orders.ts';
import type { NemesisReport } from './report.ts';
import { RETRY_SOON } from './retry-soon.ts';
import { drawSchedule, type ScheduledFault } from './schedule.ts';
import { stages, strikeAll } from './stages.ts';
import { ORDER_SETTINGS, startStack, type Stack } from './stack.ts';
import { tellStory } from './story.ts';
import { endsOf, groupsIn, operationsOf, restartsIn } from './tally.ts';
import { openTenants } from './tenants.ts';
import { verify } from './verify.ts';
import { verifyTenants } from './verify-tenants.ts';
import { collectViolations, type Violations } from './violations.ts';
import { openReceiversFor } from './webhook-faults.ts';

export interface NemesisOptions {
  readonly seed: number;
  /** The time with faults; drains come on top. */
  readonly seconds: number;
  readonly kinds: readonly FaultKind[];
  /** Edits of the build, which plant bugs. */
  readonly edits?: readonly Edit[];
  /** The stack publishes there, and whatever `kinds` say may hurt it. The caller starts and removes it. */
  readonly broker?: KafkaBroker | undefined;
  /** The stack's GROUP_MAX; otherwise drawn from the seed. */
  readonly groupMax?: number;
  /** Of all tenants together. Default: 12. */
  readonly clientsAtOnce?: number | undefined;
  /** Whether clients order goods. Default: true. The stack has the services of orders in any case. */
  readonly hasOrders?: boolean;
  /** Whether clients ask for what needs approvals, and vote. Default: true. */
  readonly hasApprovals?: boolean | undefined;
  /** Whether there is a second tenant. Default: true. */
  readonly hasTenants?: boolean | undefined;
  /** Of all tenants together. Default: 4. */
  readonly shoppersAtOnce?: number | undefined;
  /** Whether nothing of it is wanted afterwards, whatever it has found. */
  readonly isDisposable?: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** Ends the run early; the report tells what it has seen by then. */
  readonly signal: AbortSignal;
}

/** Shorter than an activity's time-out, so that the movements of a frozen worker are given up and compensated meanwhile. */
const DEADLINE_SECONDS = 8;
/** A workflow for each transfer, small groups, or groups as large as bursts are. */
const GROUP_MAXES = [50, 4, 50, 1] as const;
const ROUND_MS = 300_000;
const STORIES_MAX = 3;

export async function runNemesis(options: NemesisOptions): Promise<NemesisReport> {
  const { seed, environment, say, signal } = options;
  const { groupMax = drawsOf(seed).from(GROUP_MAXES, 'group size') } = options;
  const directory = mkdtempSync(join(tmpdir(), `counterpoise-nemesis-${seed}-`));
  let isKept = false;
  const remove = (): void => {
    if (!isKept) rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  try {
    const build = makeBuild(join(directory, 'source'), [
      ...APPROVAL_SOON,
      ...ATTENTION_SOON,
      ...LEASE_SOON,
      ...RETRY_SOON,
      ...(options.edits ?? []),
    ]);
    say(`Starting a stack in ${directory}, GROUP_MAX=${groupMax}`);
    const starting = startStack({
      build,
      dataDir: join(directory, 'data'),
      environment: {
        ...environment,
        TRANSFER_DEADLINE_SECONDS: `${DEADLINE_SECONDS}`,
        ...ORDER_SETTINGS,
        GROUP_MAX: `${groupMax}`,
        ...(options.broker && { KAFKA_BROKERS: options.broker.address }),
      },
      signal,
    });
    // Registered after the stack's own exit hook, which ends the processes that run there.
    process.once('exit', remove);
    const stack = await starting;
    try {
      const report = await runFaults(stack, options);
      const isOfUse = report.violationsTotal > 0 || (report.failure !== undefined && !signal.aborted);
      isKept = isOfUse && options.isDisposable !== true;
      if (isKept) say(`The data and the log are kept in ${directory}`);
      return report;
    } finally {
      await stack.stop();
    }
  } finally {
    remove();
    process.off('exit', remove);
  }
}

async function runFaults(stack: Stack, options: NemesisOptions): Promise<NemesisReport> {
  const { seed, seconds, kinds, broker, hasApprovals = true, say, signal } = options;
  const draws = drawsOf(seed);
  const violations = collectViolations(({ seenBy, subject, detail }) =>
    say(`VIOLATION (${seenBy}) ${subject ?? ''} ${detail}`),
  );
  const book = openBook(violations);
  const tenants = await openTenants({ stack, book, violations }, draws, options);
  const { api, patientApi, world, clients } = tenants.first;
  const observer = createObserver(stack, tenants, book, violations);
  const orders = openOrders({ stack, tenants, book, violations, atOnce: options.shoppersAtOnce });
  const receivers = await openReceiversFor(kinds, stack, tenants.all, violations, options.environment);
  const faults: Record<string, number> = {};
  const recoveries: Record<string, number> = {};
  const met: Record<string, number> = {};
  const seen = (what: string, howMany: number): void => count(met, what, howMany);
  const surroundings = { stack, api, patientApi, book, clients, violations, met: seen };
  const operator = createOperator(tenants, book, violations, seen);
  const approvals = hasApprovals ? await openApprovals(surroundings, draws.of('approvals')) : undefined;
  const drainsMs: number[] = [];
  let messages = 0;
  let across = 0;
  let audited: AuditReport | undefined;
  let failure: string | undefined;

  const stageOf = stages({
    ...{ stack, api, book, world, clients, tenants, observer, operator, receivers, broker, violations, say },
    ...{ recovered: (what) => count(recoveries, what), met: seen },
  });

  const couldNot = (fault: ScheduledFault['fault'], error: unknown): void => {
    const isEnded = signal.aborted || (error instanceof Error && error.name === 'AbortError');
    if (!isEnded) violations.report('fault', undefined, `${fault.name}: ${String(error)}`);
  };

  const round = async (n: number, forMs: number): Promise<void> => {
    const own = draws.of('round', n);
    const schedule = drawSchedule(kinds, own.of('faults'), forMs);
    for (const { atMs, fault } of schedule) say(`  at ${(atMs / 1_000).toFixed(1).padStart(5)} s  ${fault.name}`);
    const startedAtMs = Date.now();
    const over = new AbortController();
    const ending = AbortSignal.any([signal, over.signal]);
    const striking = strikeAll(
      schedule,
      startedAtMs,
      ending,
      stageOf,
      (fault) => count(faults, fault.kind),
      couldNot,
      say,
    );
    const working = Promise.all([
      tenants.run(draws.of('clients'), startedAtMs + forMs, ending),
      operator.run(own.of('operator'), ending),
      orders?.run(draws.of('shoppers', n), ending),
      approvals?.run(own.of('approvals'), ending),
    ]);
    // The observer goes on during the drain.
    const done = new AbortController();
    const watched = AbortSignal.any([signal, done.signal]);
    const observing = Promise.all([observer.run(own.of('observer'), watched), orders?.observe(watched)]);
    try {
      await sleep(forMs, undefined, { signal }).catch(() => {});
      over.abort();
      await Promise.all([striking, working]);
      say('Faults have stopped, all drains');
      drainsMs.push(await drain(stack, api, { tenants, orders, approvals }, own.of('drain'), violations, signal));
      await receivers?.verify(signal);
      if (broker !== undefined) messages = await verifyTopic(stack, broker, violations, signal);
    } finally {
      done.abort();
      await observing;
    }
    say(`Drained in ${(drainsMs.at(-1)! / 1_000).toFixed(1)} s`);
    audited = await verify(stack, tenants, book, orders, violations);
    across = await verifyTenants(stack, tenants, book, violations);
    say(`Compared ${book.entries().length} operations with what is stored: ${violations.total()} violations`);
  };

  const rounds = Math.ceil((seconds * 1_000) / ROUND_MS);
  try {
    for (let n = 0; n < rounds && !signal.aborted && violations.total() === 0; n += 1) {
      say(`Round ${n + 1} of ${rounds}`);
      await round(n, Math.min(ROUND_MS, seconds * 1_000 - n * ROUND_MS));
    }
  } catch (error) {
    failure = signal.aborted ? 'it was interrupted' : tellError(error);
  } finally {
    await receivers?.close();
  }
  for (const [what, howMany] of Object.entries(receivers?.tally() ?? {})) count(met, what, howMany);
  count(met, 'messages in Kafka’s topic', messages);
  count(met, 'movements to or from another tenant, all refused', across);
  return {
    ok: violations.total() === 0 && failure === undefined,
    hasKafka: broker !== undefined,
    seed,
    seconds,
    told: tenants.told(),
    ...(await summary(stack, book, orders, violations)),
    faults,
    met,
    recoveries: { ...recoveries, ...(await restartsIn(stack.logFile)) },
    slowestDrainSeconds: Math.max(0, ...drainsMs) / 1_000,
    drains: drainsMs.length,
    looks: observer.looks(),
    audit: audited,
    failure,
  };
}

function count(counts: Record<string, number>, what: string, howMany = 1): void {
  if (howMany > 0) counts[what] = (counts[what] ?? 0) + howMany;
}

/** The parts of the report that tell what is known of all operations. */
async function summary(stack: Stack, book: Book, orders: Orders | undefined, violations: Violations) {
  const subjects = [...new Set(violations.first().flatMap(({ subject }) => (subject === undefined ? [] : [subject])))];
  return {
    operations: operationsOf(book.entries()),
    ends: { ...endsOf(book), ...orders?.ends() },
    groups: await groupsIn(stack),
    violations: violations.first(),
    violationsTotal: violations.total(),
    stories: await Promise.all(subjects.slice(0, STORIES_MAX).map((id) => tellStory(stack, book, id))),
  };
}

function tellError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
