/** The counts, ratios, goals and pictures of the bench. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop, oneByOne, percentile } from '../../bench/closed-loop.ts';
import { documentOf } from '../../bench/document.ts';
import { areMet, goalsOf } from '../../bench/goals.ts';
import { pictureOf } from '../../bench/picture.ts';
import { asJson, type Report } from '../../bench/report.ts';
import type { Starts } from '../../bench/starts.ts';
import { inTurns, measuredOf, ratioOf, spreadOf, type Measured, type Turn } from '../../bench/turns.ts';
import { pairsAmong, pairsFromOne } from '../../bench/wallets.ts';
import type { WalletId } from '../../domain/ids.ts';

const sample = (id: string, atOnce: number, perSecond: number, p50Ms = 10) => ({
  id,
  atOnce,
  perSecond,
  p50Ms,
  p99Ms: 2 * p50Ms,
  count: 100,
  failed: 0,
});
const measured = (id: string, atOnce: number, ...perSecond: number[]): Measured =>
  measuredOf(perSecond.map((each) => sample(id, atOnce, each)));
const idle = (residentMb: number): Starts => ({
  coldSeconds: spreadOf([5]),
  warmSeconds: spreadOf([3]),
  idle: { app: { residentMb } },
  idleSeparate: {},
});

describe('the closed loop', () => {
  test('keeps as many under way as it was told, and counts none of the warm-up', async () => {
    let [underWay, most, began] = [0, 0, 0];
    const figures = await closedLoop(
      async () => {
        began += 1;
        underWay += 1;
        most = Math.max(most, underWay);
        await sleep(5);
        underWay -= 1;
      },
      { atOnce: 4, warmUpSeconds: 0.2, seconds: 0.2 },
    );
    assert.equal(most, 4);
    assert.equal(underWay, 0);
    assert.ok(figures.count > 0 && figures.count < began * 0.8, `${figures.count} of ${began}`);
    assert.ok(Math.abs(figures.perSecond - figures.count / 0.2) < 0.01, `${figures.perSecond}`);
    assert.ok(figures.p50Ms >= 4 && figures.p99Ms >= figures.p50Ms);
  });

  test('begins to count when as many have ended as are under way at a time, however short the warm-up', async () => {
    let began = 0;
    const figures = await closedLoop(
      async () => {
        began += 1;
        await sleep(100);
      },
      { atOnce: 10, warmUpSeconds: 0, seconds: 0.15 },
    );
    assert.ok(began >= 20);
    assert.ok(figures.count > 0 && figures.count <= began - 10, `${figures.count} of ${began}`);
  });

  test('goes on until twice as many have ended as are under way at a time, so that slow ones are measured too', async () => {
    let edges = 0;
    const figures = await closedLoop(() => sleep(100), {
      atOnce: 4,
      warmUpSeconds: 0,
      seconds: 0.01,
      atEdge: () => (edges += 1),
    });
    assert.ok(figures.count >= 8, `${figures.count}`);
    assert.ok(figures.perSecond > 10 && figures.perSecond <= 41, `${figures.perSecond}`);
    assert.equal(edges, 2);
  });

  test('counts what fails, and ends with the error when nothing else happens any more', async () => {
    let n = 0;
    const everyThird = async (): Promise<void> => {
      n += 1;
      await sleep(1);
      if (n % 3 === 0) throw new Error('refused');
    };
    const figures = await closedLoop(everyThird, { atOnce: 1, warmUpSeconds: 0, seconds: 0.1 });
    assert.ok(figures.failed > 0 && figures.count > 0);
    const broken = closedLoop(() => Promise.reject(new Error('gone')), { atOnce: 8, warmUpSeconds: 0, seconds: 60 });
    await assert.rejects(broken, /gone/);
  });

  test('one by one, each is counted whole', async () => {
    let n = 0;
    const figures = await oneByOne(async () => {
      n += 1;
      await sleep(20);
    }, 3);
    assert.equal(n, 3);
    assert.equal(figures.count, 3);
    assert.ok(figures.perSecond <= 1_000 / 19);
  });

  test('a percentile is one of the values', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
    assert.deepEqual([percentile(hundred, 50), percentile(hundred, 99), percentile([7], 99)], [50, 99, 7]);
    assert.ok(Number.isNaN(percentile([], 50)));
  });
});

const OPTIONS = { rounds: 1, tell: () => {}, brokeOff: () => {}, interrupt: new AbortController().signal };

describe('turns', () => {
  test('go through the subjects in every round, every other round backwards', async () => {
    const order: string[] = [];
    const turn = (id: string, perSecond: number): Turn => ({
      name: id,
      async run() {
        order.push(id);
        return [sample(id, 1, perSecond * order.length), sample(id, 50, perSecond)];
      },
    });
    const results = await inTurns([turn('a', 1), turn('b', 2)], { ...OPTIONS, rounds: 2 });
    assert.deepEqual(order, ['a', 'b', 'b', 'a']);
    assert.deepEqual(
      results.map(({ id, atOnce, perSecond }) => [id, atOnce, perSecond.min, perSecond.max]),
      [
        ['a', 1, 1, 4],
        ['a', 50, 1, 1],
        ['b', 1, 4, 6],
        ['b', 50, 2, 2],
      ],
    );
  });

  test('one that breaks off is taken once more and told of, and a second time it ends the run', async () => {
    let runs = 0;
    const breaking = (times: number): Turn => ({
      name: 'breaking',
      run: () => (++runs <= times ? Promise.reject(new Error('gone')) : Promise.resolve([sample('a', 1, 1)])),
    });
    const told: string[] = [];
    const options = { ...OPTIONS, brokeOff: (turn: string) => void told.push(turn) };
    assert.equal((await inTurns([breaking(1)], options)).length, 1);
    assert.deepEqual(told, ['breaking']);
    runs = 0;
    await assert.rejects(inTurns([breaking(2)], options), /gone/);
    runs = 0;
    await assert.rejects(inTurns([breaking(1)], { ...options, interrupt: AbortSignal.abort() }), /gone/);
    assert.equal(runs, 1);
  });

  test('a ratio is the median of the ratios of the rounds, whatever the machine did between them', () => {
    const [fast, slow] = [measured('fast', 50, 100, 50, 10), measured('slow', 50, 50, 25, 5)];
    assert.deepEqual(ratioOf(fast, slow, 'perSecond'), { median: 2, min: 2, max: 2 });
    assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  });

  test('the pairs are never of one wallet, and meet in none while fewer than half of them are under way', () => {
    const wallets = Array.from({ length: 10 }, (_, n) => `wallet-${n}` as WalletId);
    const [next, nextHot] = [pairsAmong(wallets), pairsFromOne(wallets)];
    const underWay = Array.from({ length: 5 }, next);
    assert.equal(new Set(underWay.flatMap(({ sender, receiver }) => [sender, receiver])).size, 10);
    assert.deepEqual(next(), { sender: underWay[0]!.receiver, receiver: underWay[0]!.sender });
    const hot = Array.from({ length: 20 }, nextHot);
    assert.ok(hot.every(({ sender, receiver }) => sender === wallets[0] && receiver !== wallets[0]));
    assert.equal(new Set(hot.map(({ receiver }) => receiver)).size, 9);
  });
});

const MET = [
  measured('engine', 50, 100),
  measuredOf([sample('engine', 1, 50, 20)]),
  measured('local', 50, 65),
  measuredOf([sample('local', 1, 30, 27)]),
  measured('cost-default', 50, 65),
  measured('cost-counted', 50, 64),
  measured('cost-traced', 50, 62),
  measured('cost-unauthenticated', 50, 67),
  measured('cost-encrypted', 50, 62),
  measured('local-grouped', 50, 300),
  measured('local-grouped', 200, 400),
  measured('ordinary', 50, 30),
  measured('ordinary-grouped', 200, 200),
  measured('template', 50, 15),
  measured('dbos', 50, 60),
  measured('restate', 50, 100),
  measured('restate', 200, 100),
  measured('tpcb', 20, 1_000),
  measured('batch-10000', 1, 3_000),
  measured('growth-10000', 50, 100),
  measured('growth-100000', 50, 90),
  measured('growth-1000000', 50, 90),
  measured('spread', 50, 100),
  measured('hot', 50, 50),
  measured('locked', 50, 50),
  measured('transfers-ordinary', 20, 30),
  measured('orders-ordinary', 20, 10),
  measured('transfers-local', 20, 60),
  measured('orders-local', 20, 20),
  measured('orders-hot', 20, 10),
  measured('orders-growth-100000', 20, 18),
];
const history = (events: number) => ({ ordinary: { events, bytes: 20_000 }, local: { events: 40, bytes: 9_000 } });

const seen = (events: number, scrapeMs = 5, collectorShare = 0.001) => ({
  orderHistory: history(events),
  watchingCost: { scrapeMs: spreadOf([scrapeMs]), collectorShare },
});

describe('the goals', () => {
  test('are met at their limits, each of them', () => {
    const goals = goalsOf(MET, idle(350), seen(119, 50, 0.01));
    assert.deepEqual(
      goals.map(({ ok }) => ok),
      goals.map(() => true),
    );
    assert.ok(areMet(goals));
  });

  test('are missed below them, each by itself', () => {
    const worse: [string, number][] = [
      ['local', 50],
      ['cost-counted', 50],
      ['cost-traced', 50],
      ['cost-encrypted', 50],
      ['local-grouped', 50],
      ['local-grouped', 200],
      ['ordinary', 50],
      ['ordinary-grouped', 200],
      ['batch-10000', 1],
      ['growth-100000', 50],
      ['growth-1000000', 50],
      ['hot', 50],
      ['locked', 50],
      ['orders-ordinary', 20],
      ['orders-hot', 20],
      ['orders-growth-100000', 20],
    ];
    for (const [id, atOnce] of worse) {
      const results = MET.map((one) =>
        one.id === id && one.atOnce === atOnce ? measured(id, atOnce, one.perSecond.median * 0.98) : one,
      );
      assert.ok(!areMet(goalsOf(results, idle(300), seen(90))), id);
    }
    const slow = MET.map((one) =>
      one.id === 'local' && one.atOnce === 1 ? measuredOf([sample('local', 1, 30, 28)]) : one,
    );
    assert.ok(!areMet(goalsOf(slow, idle(300), seen(90))));
    const slowOrders = MET.map((one) => (one.id === 'transfers-local' ? measured(one.id, 20, 61) : one));
    assert.ok(!areMet(goalsOf(slowOrders, idle(300), seen(90))));
    const costlyKeys = MET.map((one) => (one.id === 'cost-unauthenticated' ? measured(one.id, 50, 67.1) : one));
    assert.ok(!areMet(goalsOf(costlyKeys, idle(300), seen(90))));
    assert.ok(!areMet(goalsOf(MET, idle(351), seen(90))));
    assert.ok(!areMet(goalsOf(MET, idle(300), seen(120))));
    assert.ok(!areMet(goalsOf(MET, idle(300), seen(90, 51, 0.01))));
    assert.ok(!areMet(goalsOf(MET, idle(300), seen(90, 50, 0.0102))));
  });

  test('that were not measured are neither met nor missed', () => {
    const goals = goalsOf([measured('engine', 50, 100), measured('local', 50, 80)], undefined, { orderHistory: {} });
    assert.deepEqual(
      goals.filter(({ ok }) => ok !== null).map(({ name, ok }) => [name, ok]),
      [['local, 50 at a time, to an empty workflow', true]],
    );
  });

  test('are not missed by a round in which nothing ended: nothing is known of it', () => {
    const results = [measured('template', 50, 10), measured('ordinary', 50, Number.NaN)];
    const goal = goalsOf(results, undefined, { orderHistory: {} }).find(({ name }) => name.startsWith('ordinary, 50'));
    assert.deepEqual([goal!.value, goal!.ok], [null, null]);
  });
});

describe('the report', () => {
  const report: Report = {
    ok: true,
    isQuick: false,
    goals: goalsOf(MET, idle(300), seen(90)),
    results: MET,
    brokenOff: [],
    tpcbBy: 'pgbench',
    starts: idle(300),
    sightings: { loaded: {}, history: { local: { events: 11, bytes: 3_000 } }, orderHistory: history(90) },
    isAudited: true,
    machine: { Machine: '2 cores' },
    tookSeconds: 900,
  };

  test('is a document with every goal, every measurement and the command that made it', () => {
    const document = documentOf(report, 'bench.svg', ['--peers', '--document', 'docs/proof/bench.md', '--json']);
    for (const { name } of report.goals) assert.ok(document.includes(`| ${name} |`), name);
    for (const text of [
      'npm run bench -- --peers --document docs/proof/bench.md`',
      '(bench.svg)',
      '2 cores',
      'batches of 10,000',
      '1,000,000 transfers there',
      'orders, local dispatch, 100,000 there',
      '| an order, delivered and paid, ordinary dispatch | 90 |',
    ])
      assert.ok(document.includes(text), text);
    assert.doesNotMatch(document, /undefined|NaN|null/);
  });

  test('is JSON with ok and a value for each goal, and null where nothing was measured', () => {
    const tpcb = measuredOf([{ ...sample('tpcb', 20, 1_000), p50Ms: Number.NaN, p99Ms: Number.NaN }]);
    const json = JSON.parse(JSON.stringify(asJson({ ...report, results: [tpcb] }))) as {
      ok: boolean;
      goals: { value: { median: number } }[];
      results: { p50_ms: unknown; per_second: { median: number } }[];
    };
    assert.equal(json.ok, true);
    assert.equal(json.goals[0]!.value.median, 3);
    assert.equal(json.results[0]!.p50_ms, null);
    assert.equal(json.results[0]!.per_second.median, 1_000);
  });

  test('is a picture of which every bar is within its frame', () => {
    const picture = pictureOf(MET);
    const width = Number(/viewBox="0 0 (\d+)/.exec(picture)![1]);
    const bars = [...picture.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    assert.equal(bars.length, 7 + 3 + 2 + 2);
    for (const [, x, barWidth] of bars) assert.ok(Number(x) + Number(barWidth) < width);
    assert.ok(
      picture.includes('The Temporal template&apos;s shape') || picture.includes("The Temporal template's shape"),
    );
    assert.doesNotMatch(picture, /NaN|undefined/);
  });
});
