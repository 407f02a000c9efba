/**
 * `npm run bench:events`: what the delivery of events costs and how fast it is, on a running stack. Transfers and batches with the
 * relay at work and without it take turns in one run. The relay rests while this process has its lease. Then webhooks (webhooks.ts).
 * `--rounds`, `--seconds`; `--json`: one object on the last line. Exits 1 if a goal is missed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { reasonOf } from '../dev/stack-error.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { closedLoop, percentile } from './closed-loop.ts';
import { transferRequests } from './counterpoise.ts';
import { eventLog } from './event-log.ts';
import { cpuMsOf } from './memory.ts';
import { measureWebhooks, type WebhookFigures } from './webhooks.ts';
import { fundWallets, itemsAmong, moveBatch, openWallets, pairsAmong } from './wallets.ts';
import { callStackOn } from './authorization.ts';

const USAGE = 'Usage: npm run bench:events -- [--rounds N] [--seconds N] [--json]';
const WALLETS = 1_000;
const ITEMS = 10_000;
const AT_ONCE = 50;
const IDLE_SECONDS = 10;
const WEBHOOK_ROUNDS = 2;
/** At least, at most. */
const GOALS = {
  singleOnToOff: 0.95,
  batchOnToOff: 0.95,
  catchUpSeconds: 3,
  lagP99Ms: 500,
  idlePercent: 1,
  webhookSeconds: 20,
  webhookBesideDead: 1.5,
};

const isJson = process.argv.includes('--json');
try {
  const flags = readFlags(
    { json: { type: 'boolean' }, rounds: { type: 'string' }, seconds: { type: 'string' } },
    USAGE,
  );
  const rounds = wholeNumber('--rounds', flags.rounds ?? '5', { min: 1, max: 100, usage: USAGE });
  const seconds = wholeNumber('--seconds', flags.seconds ?? '8', { min: 1, max: 600, usage: USAGE });
  const figures = await measure(rounds, seconds, (line) => (isJson ? undefined : console.log(line)));
  const ok =
    figures.singleOnToOff >= GOALS.singleOnToOff &&
    figures.batchOnToOff >= GOALS.batchOnToOff &&
    figures.catchUpSeconds <= GOALS.catchUpSeconds &&
    figures.lagP99Ms <= GOALS.lagP99Ms &&
    figures.idlePercent <= GOALS.idlePercent &&
    figures.webhooks.arrivedSeconds <= GOALS.webhookSeconds &&
    figures.webhooks.lagP99Ms.besideDead <= figures.webhooks.lagP99Ms.alone * GOALS.webhookBesideDead;
  if (isJson) console.log(JSON.stringify({ ok, goals: GOALS, ...figures }));
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: reasonOf(error) }));
  process.exitCode = exitCodeFor(error);
}

async function measure(rounds: number, seconds: number, say: (line: string) => void): Promise<Figures> {
  callStackOn(readSettings().DATA_DIR);
  const { api, databases, processes } = readStackFile(readSettings().DATA_DIR);
  const wallets = await openWallets(databases, WALLETS);
  await fundWallets(api, wallets);
  const log = await eventLog(databases['events']!);
  const requests = transferRequests(api, pairsAmong(wallets));
  const pids = ['app', 'postgres', 'worker-events'].flatMap((name) => processes[name] ?? []);
  const cpuMs = (): number => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  try {
    await closedLoop(requests.once, { atOnce: AT_ONCE, warmUpSeconds: 3, seconds: 0 });
    await moveBatch(api, itemsAmong(wallets, ITEMS));
    const single = { on: [] as number[], off: [] as number[] };
    const batch = { on: [] as number[], off: [] as number[] };
    const catchUps: number[] = [];
    const lagsMs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      // Which of the two comes first changes from round to round.
      const order = round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const);
      for (const which of order) {
        const run = async (): Promise<void> => {
          const watched = which === 'on' ? log.watchLags() : undefined;
          const { perSecond } = await closedLoop(requests.once, { atOnce: AT_ONCE, warmUpSeconds: 0.5, seconds });
          single[which].push(perSecond);
          lagsMs.push(...((await watched?.stop()) ?? []));
        };
        await (which === 'on' ? run() : log.withoutRelay(run));
        await log.caughtUp();
      }
      for (const which of order) {
        const run = async (): Promise<void> => {
          const { tookSeconds } = await moveBatch(api, itemsAmong(wallets, ITEMS));
          batch[which].push(ITEMS / tookSeconds);
        };
        await (which === 'on' ? run() : log.withoutRelay(run));
        const tookMs = await log.caughtUp();
        if (which === 'on') catchUps.push(tookMs / 1_000);
      }
      say(
        `round ${round}: transfers ${single.on.at(-1)!.toFixed(0)} on, ${single.off.at(-1)!.toFixed(0)} off; ` +
          `batches ${batch.on.at(-1)!.toFixed(0)} on, ${batch.off.at(-1)!.toFixed(0)} off; log caught up after ${catchUps.at(-1)!.toFixed(2)} s`,
      );
    }
    const idle = { on: await idleCpu(cpuMs), off: 0 };
    await log.withoutRelay(async () => {
      idle.off = await idleCpu(cpuMs);
    });
    const webhooks = await measureWebhooks(api, wallets, { items: ITEMS, rounds: WEBHOOK_ROUNDS });
    const result = {
      webhooks,
      singleOnToOff: median(single.on) / median(single.off),
      batchOnToOff: median(batch.on) / median(batch.off),
      catchUpSeconds: median(catchUps),
      lagP50Ms: median(lagsMs),
      lagP99Ms: percentile(lagsMs.toSorted(byValue), 99),
      idlePercent: Math.max(0, idle.on - idle.off),
      single,
      batch,
    };
    say(described(result));
    return result;
  } finally {
    await requests.close();
    await log.close();
  }
}

interface Figures {
  readonly webhooks: WebhookFigures;
  readonly singleOnToOff: number;
  readonly batchOnToOff: number;
  readonly catchUpSeconds: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly idlePercent: number;
  readonly single: Readonly<Record<'on' | 'off', readonly number[]>>;
  readonly batch: Readonly<Record<'on' | 'off', readonly number[]>>;
}

function described({ webhooks, ...result }: Figures): string {
  return (
    `\nTransfers with delivery to without: ${result.singleOnToOff.toFixed(2)}; batches: ${result.batchOnToOff.toFixed(2)}\n` +
    `The log has caught up ${result.catchUpSeconds.toFixed(2)} s after a batch of ${ITEMS}\n` +
    `An event of a single transfer is in the log after ${result.lagP50Ms.toFixed(0)} ms (p50), ${result.lagP99Ms.toFixed(0)} ms (p99)\n` +
    `Idle, the relay takes ${result.idlePercent.toFixed(2)} % of a core\n` +
    `A webhook endpoint has all events of a batch ${webhooks.arrivedSeconds.toFixed(1)} s after its end; an event's way takes ` +
    `${webhooks.lagP99Ms.alone.toFixed(0)} ms (p99), and ${webhooks.lagP99Ms.besideDead.toFixed(0)} ms beside an endpoint that nobody answers at`
  );
}

/** In percent of a core. */
async function idleCpu(cpuMs: () => number): Promise<number> {
  await sleep(2_000);
  const [from, startedAt] = [cpuMs(), performance.now()];
  await sleep(IDLE_SECONDS * 1_000);
  return ((cpuMs() - from) / (performance.now() - startedAt)) * 100;
}

function median(values: readonly number[]): number {
  return percentile(values.toSorted(byValue), 50);
}

function byValue(a: number, b: number): number {
  return a - b;
}
