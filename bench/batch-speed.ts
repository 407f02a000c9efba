/**
 * The speed of batches and reads of a running Counterpoise, with TPC-B beside them in each round. The time of a batch is from its
 * request until the answer that its last item has ended.
 */
import { unlessInterrupted } from '../dev/infrastructure.ts';
import { closedLoop, oneByOne } from './closed-loop.ts';
import { readRequests, transferRequests } from './counterpoise.ts';
import type { Bench, BenchGround } from './ground.ts';
import { COMPARED_AT_ONCE, type Plan } from './plan.ts';
import { measureTpcB, TPCB_CLIENTS, type TpcB } from './tpcb.ts';
import type { Sample, Turn } from './turns.ts';
import { itemsAmong, moveBatch } from './wallets.ts';

const READ_TRANSFERS = 100;
const WARM_UP_BATCHES = 2;

/** `noted` is called with the program that ran TPC-B: pgbench, or this process. */
export function batchTurns(
  { stack, ground, plan: { batches }, interrupt }: Bench,
  noted: (by: TpcB['by']) => void,
): Turn[] {
  const tpcb: Turn = {
    name: 'TPC-B',
    async run() {
      const measuring = measureTpcB(ground.administrators['transfer']!, batches.tpcbSeconds);
      const { transactionsPerSecond, by } = await unlessInterrupted(interrupt, measuring);
      noted(by);
      const unknown = { p50Ms: Number.NaN, p99Ms: Number.NaN };
      const count = transactionsPerSecond * batches.tpcbSeconds;
      return [{ id: 'tpcb', atOnce: TPCB_CLIENTS, perSecond: transactionsPerSecond, ...unknown, count, failed: 0 }];
    },
  };
  const own: Turn = {
    name: 'Counterpoise, batches and reads',
    async run() {
      const app = await stack.startApp('ordinary', ground.settings);
      try {
        const samples = [
          ...(await unlessInterrupted(interrupt, moveBatches(app.api, ground, batches.sizes))),
          ...(await unlessInterrupted(interrupt, read(app.api, ground, batches.readSeconds))),
        ];
        return samples;
      } finally {
        await app.stop();
      }
    },
  };
  return [tpcb, own];
}

/** `perSecond` counts transfers; the times are those of a batch. */
async function moveBatches(
  api: string,
  { wallets }: BenchGround,
  sizes: Plan['batches']['sizes'],
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const largest = Math.max(...sizes.map(({ items }) => items));
  await oneByOne(async () => void (await moveBatch(api, itemsAmong(wallets, largest))), WARM_UP_BATCHES);
  for (const { items, times } of sizes) {
    const batch = itemsAmong(wallets, items);
    const figures = await oneByOne(async () => void (await moveBatch(api, batch)), times);
    samples.push({ id: `batch-${items}`, ...figures, perSecond: figures.perSecond * items });
  }
  return samples;
}

async function read(api: string, { wallets, nextPair }: BenchGround, seconds: number): Promise<readonly Sample[]> {
  const transfers: string[] = [];
  const requests = transferRequests(api, nextPair);
  for (let n = 0; n < READ_TRANSFERS / 10; n += 1)
    transfers.push(...(await Promise.all(Array.from({ length: 10 }, requests.transfer))));
  await requests.close();

  const paths = {
    'read-transfer': transfers.map((id) => `/v1/transfers/${id}`),
    'read-transfers': wallets.map((id) => `/v1/transfers?wallet_id=${id}`),
    'read-statement': wallets.map((id) => `/v1/wallets/${id}/entries`),
  };
  const samples: Sample[] = [];
  for (const [id, each] of Object.entries(paths)) {
    const reads = readRequests(api, each);
    for (const atOnce of COMPARED_AT_ONCE)
      samples.push({ id, ...(await closedLoop(reads.once, { atOnce, warmUpSeconds: 0.5, seconds })) });
    await reads.close();
  }
  return samples;
}
