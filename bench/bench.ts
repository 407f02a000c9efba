/**
 * `npm run bench`: measures Counterpoise and what it is compared with, side by side in one run on a stack of its own. It takes some
 * twenty minutes, with `--quick` some four. `--peers` also measures DBOS and Restate; `--only single` measures one part alone;
 * `--document` writes docs/proof/bench.md; `--json`: one object on the last line. Exits 1 if a goal is missed.
 */
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { auditedUrls, auditStack } from '../commands/audit-stack.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { ownDataDirectory } from '../commands/own-environment.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { showProgress, silentProgress, type Progress } from '../dev/progress.ts';
import { reasonOf, StackError, UsageError } from '../dev/stack-error.ts';
import { batchTurns } from './batch-speed.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { writeDocument } from './document.ts';
import { measureCosts } from './costs.ts';
import { areMet, goalsOf } from './goals.ts';
import { mainGround, type BenchGround } from './ground.ts';
import { growthTurns, shapeTurns } from './growth.ts';
import { describeMachine } from './machine.ts';
import { orderTurns } from './orders.ts';
import { arePeersInstalled, peerKinds, templateKind } from './peers/kinds.ts';
import { QUICK, WHOLE, type Plan } from './plan.ts';
import { asJson, sections, type Report } from './report.ts';
import { singleTurns, type Sightings } from './single.ts';
import { measureStarts, type Starts } from './starts.ts';
import { inTurns, type Measured, type Turn } from './turns.ts';

const PARTS = ['starts', 'single', 'costs', 'batches', 'shapes', 'growth', 'orders'] as const;
type Part = (typeof PARTS)[number];

const USAGE = `Usage: npm run bench -- [--quick] [--peers] [--only ${PARTS.join(',')}] [--subjects engine,local,…] [--at 1,50]
         [--rounds N] [--seconds N] [--document docs/proof/bench.md] [--json]`;

interface Wanted {
  readonly plan: Plan;
  readonly isQuick: boolean;
  readonly parts: ReadonlySet<Part>;
  readonly withPeers: boolean;
  /** The subjects of the single transfers; undefined for all. */
  readonly subjects: ReadonlySet<string> | undefined;
  readonly document: string | undefined;
}

const isJson = process.argv.includes('--json');
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

try {
  const wanted = readWanted();
  const report = await bench(wanted, isJson ? silentProgress : showProgress(process.stderr));
  if (wanted.document !== undefined) writeDocument(wanted.document, report);
  for (const section of Object.values(sections(report))) if (section !== '') console.log(`${section}\n`);
  if (isJson) console.log(JSON.stringify(asJson(report)));
  process.exit(report.ok ? EXIT.ok : EXIT.failed);
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: reasonOf(error) }));
  process.exit(interrupt.signal.aborted ? 130 : exitCodeFor(error));
}

function readWanted(): Wanted {
  const flags = readFlags(
    {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      peers: { type: 'boolean' },
      only: { type: 'string' },
      subjects: { type: 'string' },
      at: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      document: { type: 'string' },
    },
    USAGE,
  );
  const parts = (flags.only?.split(',') ?? PARTS).map((name) => {
    const part = PARTS.find((each) => each === name);
    if (part === undefined)
      throw new UsageError(`--only names ${name}, which is none of ${PARTS.join(', ')}\n${USAGE}`);
    return part;
  });
  if (flags.document?.endsWith('.md') === false) throw new UsageError(`--document is to end in .md\n${USAGE}`);
  const isQuick = flags.quick ?? false;
  const plan = isQuick ? QUICK : WHOLE;
  const number = (name: 'rounds' | 'seconds', max: number): object => {
    const text = flags[name];
    return text === undefined ? {} : { [name]: wholeNumber(`--${name}`, text, { min: 1, max, usage: USAGE }) };
  };
  const atOnce = flags.at?.split(',').map((n) => wholeNumber('--at', n, { min: 1, max: 1_000, usage: USAGE }));
  const given = { ...number('rounds', 100), ...number('seconds', 600) };
  return {
    plan: {
      ...plan,
      single: { ...plan.single, ...given, ...(atOnce && { atOnce, othersAtOnce: atOnce }) },
      costs: { ...plan.costs, ...given },
      batches: { ...plan.batches, ...number('rounds', 100) },
      shapes: { ...plan.shapes, ...given },
      growth: { ...plan.growth, ...given },
      orders: { ...plan.orders, ...given },
    },
    isQuick,
    parts: new Set(parts),
    withPeers: flags.peers ?? false,
    subjects: flags.subjects === undefined ? undefined : new Set(flags.subjects.split(',')),
    document: flags.document,
  };
}

/** Runs the wanted parts; no process of them is left running. */
async function bench({ plan, isQuick, parts, withPeers, subjects }: Wanted, progress: Progress): Promise<Report> {
  const beganAt = performance.now();
  if (withPeers && !arePeersInstalled())
    throw new StackError('--peers needs their packages: npm ci --prefix bench/peers');
  const peers = [templateKind, ...(withPeers ? peerKinds : [])];
  const signal = interrupt.signal;
  let starts: Starts | undefined;
  if (parts.has('starts'))
    starts = await withProgress(progress, 'Starts', () =>
      measureStarts(`${ownDataDirectory('bench')}-start`, plan.starts, signal),
    );

  const stack = await startBenchStack(progress, signal);
  try {
    const ground = await withProgress(progress, 'Wallets', () => mainGround(stack));
    const own = { stack, ground, plan, interrupt: signal };
    const sightings: Sightings = { loaded: {}, history: {}, orderHistory: {} };
    const results: Measured[] = [];
    const brokenOff: string[] = [];
    let tpcbBy: string | undefined;
    const brokeOff = (turn: string, error: unknown): void => {
      brokenOff.push(`${turn}: ${reasonOf(error)}`);
      progress.note(`  Broke off and is taken once more: ${brokenOff.at(-1)}`);
    };
    const measure = async (
      part: Exclude<Part, 'starts' | 'costs'>,
      turns: (tell: (text: string) => void) => Promise<Turn[]> | Turn[],
    ): Promise<void> => {
      if (!parts.has(part)) return;
      const { rounds } = plan[part];
      const measured = await withProgress(progress, `Measuring: ${part}`, async (tell) =>
        inTurns(await turns(tell), { rounds, tell, brokeOff, interrupt: signal }),
      );
      results.push(...measured);
    };

    await measure('single', () => singleTurns(own, peers, sightings, subjects));
    if (parts.has('costs'))
      results.push(
        ...(await withProgress(progress, 'Measuring: costs', (tell) => measureCosts(own, { tell, brokeOff }))),
      );
    await measure('batches', () => batchTurns(own, (by) => (tpcbBy = by)));
    await measure('shapes', () => shapeTurns(own));
    await measure('growth', (tell) => growthTurns(own, sightings, tell));
    await measure('orders', (tell) => orderTurns(own, sightings, tell));
    const isAudited = await withProgress(progress, 'Audit', () => isMoneyThere(stack, ground));

    const goals = goalsOf(results, starts, sightings);
    const machine = await describeMachine(ground.administrators['transfer']!);
    const ok = areMet(goals) && isAudited && brokenOff.length === 0 && results.every(({ failed }) => failed === 0);
    const tookSeconds = (performance.now() - beganAt) / 1_000;
    return { ok, isQuick, goals, results, brokenOff, tpcbBy, starts, sightings, isAudited, machine, tookSeconds };
  } finally {
    await stack.stop();
  }
}

/** Audits the databases: the measured transfers must not have broken any invariant. */
async function isMoneyThere(stack: BenchStack, { administrators, settings }: BenchGround): Promise<boolean> {
  // The last process was stopped as soon as its transfers were answered: what their workflows have left to do is done by this one.
  const app = await stack.startApp('ordinary', settings);
  try {
    const urls = auditedUrls(administrators);
    const report = await auditStack({ ...urls, settings: readSettings({ ...stack.infrastructure.settings }) });
    for (const violation of report.violations) console.error(JSON.stringify(violation));
    return report.ok;
  } finally {
    await app.stop();
  }
}

async function withProgress<Result>(
  progress: Progress,
  title: string,
  work: (tell: (text: string) => void) => Promise<Result>,
): Promise<Result> {
  const step = progress.begin(title);
  try {
    const result = await work(step.update);
    step.done('done');
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
