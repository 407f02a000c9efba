/**
 * The speed of single transfers when many are stored already, when all go out of one wallet, when all wallets are in one shard, and
 * when somebody holds a wallet locked for which others wait. Compares Counterpoise with itself, in local dispatch, where its
 * databases weigh most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Overview, ReconciliationRun } from '../client/wire.ts';
import { authorization } from './authorization.ts';
import { counterpoise } from './counterpoise.ts';
import { anotherGround, copyOf, fillWithTransfers, vacuumDatabases, type Bench } from './ground.ts';
import { whileOneIsLocked } from './locked-wallet.ts';
import { COMPARED_AT_ONCE } from './plan.ts';
import { subjectTurn, type Sightings } from './single.ts';
import type { Turn } from './turns.ts';
import { pairsFromOne } from './wallets.ts';
import { watchingCost } from './watching.ts';

const AT_ONCE = 50;

/** Measures on `ground`, which has two shards, and on another ground that is made here. */
export async function shapeTurns({ stack, ground, plan: { shapes }, interrupt }: Bench): Promise<Turn[]> {
  const plan = { ...shapes, atOnce: [AT_ONCE], interrupt };
  const own = (id: string, name: string, nextPair = ground.nextPair) =>
    counterpoise(stack, { id, name: `Counterpoise, ${name}`, dispatch: 'local', nextPair });
  const oneShard = await anotherGround(stack, 'one-shard', { shards: 1 });
  return [
    subjectTurn(own('spread', 'all wallets in turn, in two shards'), ground, plan),
    subjectTurn(own('hot', 'all out of one wallet', pairsFromOne(ground.wallets)), ground, plan),
    subjectTurn(
      whileOneIsLocked(stack, ground, { id: 'locked', name: 'Counterpoise, one wallet locked' }),
      ground,
      plan,
    ),
    subjectTurn(own('one-shard', 'all wallets in one shard', oneShard.nextPair), oneShard, plan),
  ];
}

/** Measures on databases with many transfers, which are made by batches; on the largest, first what being watched costs at rest. */
export async function growthTurns(
  { stack, plan: { growth }, interrupt }: Bench,
  sightings: Sightings,
  tell: (text: string) => void,
): Promise<Turn[]> {
  const plan = { ...growth, atOnce: COMPARED_AT_ONCE, interrupt };
  const grown = await anotherGround(stack, 'growth', { shards: 2 });
  const turns: Turn[] = [];
  let present = grown.wallets.length;
  for (const size of growth.sizes) {
    const app = await stack.startApp('ordinary', grown.settings);
    try {
      await fillWithTransfers(app.api, grown, size - present, (moved) => {
        interrupt.throwIfAborted();
        tell(`filling with ${size} transfers: ${present + moved}`);
      });
      const filledAt = Date.now();
      await untilCaughtUp(app.api, interrupt, (left) => tell(`${size} transfers: ${left} events wait`));
      tell(`${size} transfers: they are reconciled`);
      await untilReconciled(app.api, filledAt, interrupt);
    } finally {
      await app.stop();
    }
    present = size;
    const ground = size === growth.sizes.at(-1) ? grown : await copyOf(stack, grown, `growth-${size}`);
    await vacuumDatabases(ground);
    const name = `Counterpoise, ${size.toLocaleString('en')} transfers there`;
    turns.push(subjectTurn(counterpoise(stack, { id: `growth-${size}`, name, dispatch: 'local' }), ground, plan));
  }
  tell('what being watched costs at rest');
  sightings.watchingCost = await watchingCost(stack, grown, growth.restSeconds, interrupt);
  return turns;
}

/** How often the relay looks how much waits, and more. */
const LOOK_MS = 10_000;
const CALL_LIMIT_MS = 10_000;
const CATCH_UP_LIMIT_MS = 3_600_000;

/**
 * Waits until the log has all events and everything that counts it has counted them. What is left over would be done by the processes
 * that are measured, beside the transfers: it is the cost of those that filled the databases.
 */
async function untilCaughtUp(api: string, signal: AbortSignal, tell: (left: number) => void): Promise<void> {
  const endsAt = performance.now() + CATCH_UP_LIMIT_MS;
  for (let calm = 0; calm < 2;) {
    if (performance.now() > endsAt) throw new Error('the event log does not catch up');
    await sleep(LOOK_MS, undefined, { signal });
    const headers = authorization();
    const response = await fetch(`${api}/v1/overview`, { headers, signal: AbortSignal.timeout(CALL_LIMIT_MS) });
    if (!response.ok) continue;
    const { lag, sources } = (await response.json()) as Overview;
    const left = lag.reduce((sum, { events }) => sum + events, 0);
    tell(left);
    calm = sources.events === 'ok' && lag.length > 0 && left === 0 ? calm + 1 : 0;
  }
}

/**
 * Waits until no later reconciliation reads what was there by then, as each would that begins within two minutes. It, too, is the
 * cost of those that filled the databases, and would fall into the measurement of one size and not of another.
 */
async function untilReconciled(api: string, filledAt: number, signal: AbortSignal): Promise<void> {
  const endsAt = performance.now() + CATCH_UP_LIMIT_MS;
  const runs = `${api}/v1/reconciliation-runs`;
  const ask = async (method: 'GET' | 'POST', url: string): Promise<Response> =>
    fetch(url, { method, headers: authorization(), signal: AbortSignal.timeout(CALL_LIMIT_MS) });
  for (;;) {
    if (performance.now() > endsAt) throw new Error('the reconciliation does not end');
    const response = await ask('GET', `${runs}?limit=1`);
    if (response.ok) {
      const [last] = ((await response.json()) as { data: ReconciliationRun[] }).data;
      const isOver = last !== undefined && last.status !== 'RUNNING';
      if (isOver && last.from !== null && Date.parse(last.from) > filledAt) return;
      if (isOver || last === undefined) await ask('POST', runs);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}
