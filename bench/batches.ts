/**
 * `npm run bench:batches`: the speed of batches of transfers on a running stack, compared with pgbench's TPC-B on its PostgreSQL in
 * the same run. The time of a batch is from its request until its last item has ended, as a client sees both.
 * `--items`, `--batches`, `--wallets`; `--json`: one object on the last line. Exits 1 if an item failed or the ratio is below 3.
 */
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { reasonOf } from '../dev/stack-error.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { measureTpcB } from './tpcb.ts';
import { fundWallets, itemsAmong, moveBatch, openWallets } from './wallets.ts';
import { callStackOn } from './authorization.ts';

const USAGE = 'Usage: npm run bench:batches -- [--items N] [--batches N] [--wallets N] [--json]';
const RATIO_WANTED = 3;
const TPCB_SECONDS = 10;

const isJson = process.argv.includes('--json');
try {
  const flags = readFlags(
    { json: { type: 'boolean' }, items: { type: 'string' }, batches: { type: 'string' }, wallets: { type: 'string' } },
    USAGE,
  );
  const [items, batches, wallets] = [
    wholeNumber('--items', flags.items ?? '10000', { min: 1, max: 10_000, usage: USAGE }),
    wholeNumber('--batches', flags.batches ?? '5', { min: 1, max: 1_000, usage: USAGE }),
    wholeNumber('--wallets', flags.wallets ?? '1000', { min: 2, max: 10_000, usage: USAGE }),
  ];
  callStackOn(readSettings().DATA_DIR);
  const { api, databases } = readStackFile(readSettings().DATA_DIR);
  const ids = await openWallets(databases, wallets);
  const say = (text: string): void => (isJson ? undefined : console.log(text));
  await fundWallets(api, ids);
  await moveBatch(api, itemsAmong(ids, items)); // a warm-up: the first batch finds caches and connections cold
  const before = await measureTpcB(databases['transfer']!, TPCB_SECONDS);
  const seconds: number[] = [];
  for (let n = 1; n <= batches; n += 1) {
    const { tookSeconds } = await moveBatch(api, itemsAmong(ids, items));
    seconds.push(tookSeconds);
    say(`batch ${n}: ${items} transfers in ${tookSeconds.toFixed(2)} s, ${Math.round(items / tookSeconds)} a second`);
  }
  const after = await measureTpcB(databases['transfer']!, TPCB_SECONDS);

  const tpcb = (before.transactionsPerSecond + after.transactionsPerSecond) / 2;
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
  const ratio = items / median / tpcb;
  say(`\nTPC-B (${before.by}, 20 clients): ${Math.round(tpcb)} a second`);
  say(
    `Batches of ${items}: ${Math.round(items / median)} transfers a second in the median, ${ratio.toFixed(2)} times TPC-B`,
  );
  const figures = {
    items,
    seconds,
    transfers_per_second: items / median,
    tpcb_per_second: [before.transactionsPerSecond, after.transactionsPerSecond],
    tpcb_by: before.by,
    ratio,
  };
  if (isJson) console.log(JSON.stringify({ ok: ratio >= RATIO_WANTED, ...figures }));
  process.exitCode = ratio >= RATIO_WANTED ? EXIT.ok : EXIT.failed;
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: reasonOf(error) }));
  process.exitCode = exitCodeFor(error);
}
