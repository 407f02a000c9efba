/**
 * `npm run bench:console`: the budgets of the console, in a real Chromium on a stack whose databases are filled with transfers. For some
 * pages, when something is painted first and when the page's data is there (goals: 300 and 500 ms, as medians); how long the files of the
 * console take to build in a process that has not done it yet (1 s); and the rate of transfers while twenty tails of the events are open,
 * to that without, in turns (0.97). `--transfers N` fills with fewer than a million; `--json`: one object on the last line. Exits 1 if a
 * goal is missed.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { readApiKey } from '../dev/api-key-file.ts';
import { EXIT } from '../process/exit-code.ts';
import { launchBrowser, openPage, signIn } from '../test/console/browser.ts';
import { openMoney, type Money } from '../test/stack/money.ts';
import { startStack, type TestStack } from '../test/stack/stack.ts';
import { closedLoop } from './closed-loop.ts';
import { DATA, fillTransferDatabase, fillWalletDatabase } from './reading-data.ts';
import { spreadOf, type Spread } from './turns.ts';

const USAGE = 'Usage: npm run bench:console -- [--transfers N] [--json]';
const GOALS = { paintMs: 300, dataMs: 500, buildMs: 1_000, tailsRatio: 0.97 };
const LOADS = 11;
const BUILDS = 5;
const TAILS = 20;
const TAIL_ROUNDS = 8;
const LOOP = { atOnce: 50, warmUpSeconds: 2, seconds: 8 };
const CALM_DOWN_MS = 10_000;
const PAGES: readonly (readonly [name: string, path: string])[] = [
  ['overview', ''],
  ['transfers', '/transfers'],
  ['transfers by metadata', `/transfers?metadata=channel%3D${DATA.channel}`],
  ['a transfer', `/transfers/${DATA.transferId}`],
  ['a wallet with half of all entries', `/wallets/${DATA.halfWallet}`],
];

const flags = readArguments();
const transfers = wholeNumber('--transfers', flags.transfers ?? '1000000', { min: 1_000, max: 1e8, usage: USAGE });
const say = (text: string): void => void (flags.json ? process.stderr : process.stdout).write(`${text}\n`);
const ms = ({ median, min, max }: Spread): string => `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`;

function readArguments() {
  try {
    return readFlags({ json: { type: 'boolean' }, transfers: { type: 'string' } }, USAGE);
  } catch (error) {
    console.error(isExplained(error) ? error.message : error);
    process.exit(exitCodeFor(error));
  }
}

interface PageTimes {
  readonly name: string;
  readonly paintMs: Spread;
  readonly dataMs: Spread;
}

/** Notes when the page has its heading and nothing that loads. As text: the bench is checked without the names of a browser. */
const NOTE_DATA = `new MutationObserver(() => {
  if (window.dataMs === undefined && document.querySelector('main h1') && !document.querySelector('main .loading'))
    requestAnimationFrame(() => { window.dataMs ??= performance.now(); });
}).observe(document, { childList: true, subtree: true });`;
const READ_TIMES = `[performance.getEntriesByName('first-contentful-paint')[0]?.startTime, window.dataMs]`;
const LOAD_LIMIT_MS = 30_000;

/** Each load is by a browser context of its own, so with an empty cache. */
async function loadOnce(browser: Browser, stack: TestStack, path: string): Promise<[paint: number, data: number]> {
  const { page, context } = await openPage(browser, stack.api);
  try {
    await signIn(context, readApiKey(stack.dataDir));
    await context.addInitScript(NOTE_DATA);
    await page.goto(`${stack.api}/console${path}`);
    for (const givesUpAt = performance.now() + LOAD_LIMIT_MS; performance.now() < givesUpAt; await sleep(20)) {
      const [paint, data] = await page.evaluate<(number | undefined)[]>(READ_TIMES);
      if (paint !== undefined && data !== undefined) return [paint, data];
    }
    throw new Error(`${path} does not load`);
  } finally {
    await context.close();
  }
}

async function timePages(stack: TestStack): Promise<PageTimes[]> {
  const browser = await launchBrowser();
  try {
    const times: PageTimes[] = [];
    for (const [name, path] of PAGES) {
      // The first builds the files, and fills PostgreSQL's cache.
      await loadOnce(browser, stack, path);
      const loads: [number, number][] = [];
      for (let n = 0; n < LOADS; n += 1) loads.push(await loadOnce(browser, stack, path));
      const [paintMs, dataMs] = [spreadOf(loads.map(([paint]) => paint)), spreadOf(loads.map(([, data]) => data))];
      times.push({ name, paintMs, dataMs });
      say(`| ${name} | ${ms(paintMs)} | ${ms(dataMs)} |`);
    }
    return times;
  } finally {
    await browser.close();
  }
}

function timeBuilds(): Spread {
  const program = `const { bundleConsole } = await import('./api/console/bundle.ts'); const from = performance.now();
    await bundleConsole(); console.log(performance.now() - from);`;
  const build = (): number =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
  return spreadOf(Array.from({ length: BUILDS }, build));
}

/** Opens tails as the console has them; returns the function that ends them. Throws if one is refused. */
async function openTails(stack: TestStack): Promise<() => Promise<void>> {
  const over = new AbortController();
  const read = await Promise.all(
    Array.from({ length: TAILS }, async () => {
      const response = await fetch(`${stack.api}/v1/events/stream`, {
        headers: stack.authorization,
        signal: over.signal,
      });
      if (response.status !== 200) throw new Error(`a tail was answered ${response.status}`);
      return { ended: response.text().catch(() => {}) };
    }),
  );
  return async () => {
    over.abort();
    await Promise.all(read.map(({ ended }) => ended));
  };
}

async function tailsRatio(stack: TestStack, { api }: Money): Promise<Spread> {
  const wallets = await Promise.all(Array.from({ length: LOOP.atOnce * 2 }, () => api.wallet('100000')));
  let next = 0;
  const once = async (): Promise<void> => {
    next += 1;
    const [sender, receiver] = [wallets[next % wallets.length]!, wallets[(next * 7 + 1) % wallets.length]!];
    const { body } = await api.transfer(sender, sender === receiver ? wallets[0]! : receiver, '0.01');
    if (body.status !== 'COMPLETED') throw new Error(JSON.stringify(body));
  };
  const rate = async (hasTails: boolean): Promise<number> => {
    const close = hasTails ? await openTails(stack) : async () => {};
    try {
      return (await closedLoop(once, LOOP)).perSecond;
    } finally {
      await close();
    }
  };
  const ratios: number[] = [];
  for (let round = 0; round < TAIL_ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [true, false] : [false, true];
    const rates = new Map<boolean, number>();
    for (const hasTails of order) rates.set(hasTails, await rate(hasTails));
    ratios.push(rates.get(true)! / rates.get(false)!);
  }
  return spreadOf(ratios);
}

const stack = await startStack();
try {
  await stack.waitUntilReady();
  const { databases } = stack.file();
  const startedAt = performance.now();
  await fillTransferDatabase(databases['transfer']!, transfers);
  await fillWalletDatabase(databases['wallet-0']!, transfers);
  say(`filled with ${transfers} transfers (${((performance.now() - startedAt) / 1_000).toFixed(0)} s)`);
  await sleep(CALM_DOWN_MS);
  say(`| page, of ${LOADS} loads | first paint in ms | data in ms |\n|---|---|---|`);
  const pages = await timePages(stack);
  const buildMs = timeBuilds();
  say(`\nThe files are built in ${ms(buildMs)} ms.`);
  const money = await openMoney(stack);
  const tails = await tailsRatio(stack, money);
  await money.close();
  const [low, high] = [tails.min.toFixed(2), tails.max.toFixed(2)];
  say(`With ${TAILS} tails, transfers go at ${tails.median.toFixed(2)} (${low} to ${high}) of their rate.`);
  const ok =
    pages.every(({ paintMs, dataMs }) => paintMs.median <= GOALS.paintMs && dataMs.median <= GOALS.dataMs) &&
    buildMs.median <= GOALS.buildMs &&
    tails.median >= GOALS.tailsRatio;
  if (flags.json) console.log(JSON.stringify({ ok, goals: GOALS, transfers, pages, buildMs, tails }));
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
} finally {
  await stack.remove();
}
