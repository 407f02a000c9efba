/**
 * `npm run bench:reading`: whether a list or a get takes longer when more movements are stored. Fills databases of its own with ten
 * thousand and with a million transfers, and sends the same requests to both in turns, so that other load on the machine affects
 * both alike. `ok` means that no request takes more than 1.5 times as long at a million.
 */
import { readFlags } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { EXIT } from '../process/exit-code.ts';
import { testApp } from '../test/pure/api-fakes.ts';
import { startCluster, type TestCluster } from '../test/database/database.ts';
import { fillTransferDatabase, fillWalletDatabase } from './reading-data.ts';
import { MOVEMENT_REQUESTS, WALLET_REQUESTS } from './reading-requests.ts';

const RATIO_MAX = 1.5;
const SIZES = [10_000, 1_000_000] as const;
const ROUNDS = 31;
const WARM_UP_ROUNDS = 5;
/** A request that seems to grow is measured again: a missing index shows every time, a busy machine does not. */
const ATTEMPTS_MAX = 3;

const values = readArguments();
const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);

function readArguments() {
  try {
    return readFlags({ json: { type: 'boolean' } }, 'Usage: npm run bench:reading -- [--json]');
  } catch (error) {
    console.error(isExplained(error) ? error.message : error);
    process.exit(exitCodeFor(error));
  }
}

interface Row {
  readonly name: string;
  readonly rows: number;
  readonly smallMs: number;
  readonly largeMs: number;
  readonly ratio: number;
}

type App = ReturnType<typeof testApp>['app'];

async function filledApp(cluster: TestCluster, transfers: number): Promise<App> {
  const startedAt = performance.now();
  const stores = await cluster.createStores({ shards: 1 });
  const [wallets] = stores.wallets;
  await fillTransferDatabase(stores.transfer.adminUrl, transfers);
  await fillWalletDatabase(wallets!.adminUrl, transfers);
  say(`filled with ${transfers} transfers (${((performance.now() - startedAt) / 1_000).toFixed(0)} s)`);
  return testApp({ database: stores.transfer.service, wallets: { shards: [wallets!.service] } }).app;
}

async function timed(app: App, path: string): Promise<{ tookMs: number; rows: number }> {
  const startedAt = performance.now();
  const response = await app.request(path);
  const body = (await response.json()) as { data?: unknown[] };
  const tookMs = performance.now() - startedAt;
  if (response.status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return { tookMs, rows: body.data?.length ?? 1 };
}

async function compared([small, large]: readonly [App, App], name: string, path: string): Promise<Row> {
  const times = { small: [] as number[], large: [] as number[] };
  let rows = 0;
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const ofSmall = await timed(small, path);
    const ofLarge = await timed(large, path);
    rows = ofLarge.rows;
    if (ofSmall.rows !== rows) throw new Error(`${path} has ${ofSmall.rows} rows of few and ${rows} of many`);
    if (round < WARM_UP_ROUNDS) continue;
    times.small.push(ofSmall.tookMs);
    times.large.push(ofLarge.tookMs);
  }
  const [smallMs, largeMs] = [median(times.small), median(times.large)];
  return { name, rows, smallMs: round(smallMs), largeMs: round(largeMs), ratio: round(largeMs / smallMs) };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

const cluster = await startCluster();
try {
  const apps = [await filledApp(cluster, SIZES[0]), await filledApp(cluster, SIZES[1])] as const;
  say(`| asked for | rows | ms at ${SIZES[0]} | ms at ${SIZES[1]} | ratio |\n|---|---|---|---|---|`);
  const results: Row[] = [];
  for (const { name, path } of [...MOVEMENT_REQUESTS, ...WALLET_REQUESTS]) {
    let result = await compared(apps, name, path);
    for (let attempt = 1; attempt < ATTEMPTS_MAX && result.ratio > RATIO_MAX; attempt += 1)
      result = await compared(apps, name, path);
    results.push(result);
    say(`| ${name} | ${result.rows} | ${result.smallMs} | ${result.largeMs} | ${result.ratio} |`);
  }
  const ratioMax = Math.max(...results.map(({ ratio }) => ratio));
  const ok = ratioMax <= RATIO_MAX;
  say(`\nThe largest ratio is ${ratioMax}; it may be ${RATIO_MAX}.`);
  if (values.json) console.log(JSON.stringify({ ok, ratioMax, ratioAllowed: RATIO_MAX, sizes: SIZES, results }));
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
} finally {
  await cluster.stop();
}
