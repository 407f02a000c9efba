/**
 * `npm run bench`: how fast Counterpoise is, and what it is compared with, side by side in one run on a stack of its own.
 * `--quick`; `--only engine,local` measures these subjects alone, `--at 1,50` at so many at a time, `--rounds`, `--seconds`.
 * `--json`: one object on the last line.
 */
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { showProgress, silentProgress } from '../dev/progress.ts';
import { reasonOf, StackError } from '../dev/stack-error.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { counterpoise } from './counterpoise.ts';
import { databaseFloor, engineFloor } from './floors.ts';
import { measureInTurns, type Measured, type Turn } from './rounds.ts';
import type { Ground, SubjectKind } from './subject.ts';
import { fundWallets, openWallets, pairsAmong } from './wallets.ts';

const USAGE =
  'Usage: npm run bench -- [--quick] [--only database,engine,ordinary,local] [--at 1,50] [--rounds N] [--seconds N] [--json]';
const WALLETS = 1_000;

const isJson = process.argv.includes('--json');
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

let stack: BenchStack | undefined;
try {
  const flags = readFlags(
    {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      only: { type: 'string' },
      at: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
    },
    USAGE,
  );
  const rounds = wholeNumber('--rounds', flags.rounds ?? '3', { min: 1, max: 100, usage: USAGE });
  const seconds = wholeNumber('--seconds', flags.seconds ?? '4', { min: 1, max: 600, usage: USAGE });
  const at = (flags.at ?? '1,50').split(',').map((n) => wholeNumber('--at', n, { min: 1, max: 1_000, usage: USAGE }));
  const progress = isJson ? silentProgress : showProgress(process.stderr);
  stack = await startBenchStack(progress, interrupt.signal);
  const kinds: Record<string, SubjectKind> = {
    database: databaseFloor,
    engine: engineFloor,
    ordinary: counterpoise(stack, 'ordinary'),
    local: counterpoise(stack, 'local'),
  };
  const chosen = flags.only?.split(',') ?? Object.keys(kinds);
  const turns: Turn[] = chosen.map((name) => {
    const kind = kinds[name];
    if (kind === undefined) throw new StackError(`--only names ${name}\n${USAGE}`);
    return { kind, atOnce: at };
  });
  const step = progress.begin('Measuring');
  const ground = await prepareGround(stack);
  const results = await measureInTurns(ground, turns, { rounds, warmUpSeconds: 3, seconds, said: step.update });
  step.done('done');
  console.log(tableOf(results));
  if (isJson) console.log(JSON.stringify({ ok: true, results }));
} catch (error) {
  console.error(error instanceof StackError ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: reasonOf(error) }));
  process.exitCode = 1;
} finally {
  await stack?.stop();
}
process.exit();

async function prepareGround({ infrastructure, startApp }: BenchStack): Promise<Ground> {
  const { databases, settings, temporal, dataDir } = infrastructure;
  const wallets = await openWallets(databases, WALLETS);
  const app = await startApp('ordinary');
  await fundWallets(app.api, wallets);
  await app.stop();
  return {
    temporal,
    databases: {
      wallets: settings['WALLET_DATABASE_URLS']!.split(','),
      transfer: settings['TRANSFER_DATABASE_URL']!,
    },
    administrators: databases,
    nextPair: pairsAmong(wallets),
    directory: dataDir,
  };
}

function tableOf(results: readonly Measured[]): string {
  const ms = (n: number): string => n.toFixed(n < 10 ? 1 : 0);
  const rows = results.map(
    ({ name, atOnce, perSecond, p50Ms, p99Ms, failed }) =>
      `| ${name} | ${atOnce} | ${perSecond.median.toFixed(1)} (${perSecond.min.toFixed(1)}–${perSecond.max.toFixed(1)}) | ${ms(p50Ms.median)} | ${ms(p99Ms.median)} | ${failed} |`,
  );
  return ['| what | at once | a second | p50 ms | p99 ms | failed |', '|---|---|---|---|---|---|', ...rows].join('\n');
}
