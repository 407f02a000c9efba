/**
 * The speed of single transfers when many are stored already, when all go out of one wallet, when all wallets are in one shard, and
 * when somebody holds a wallet locked for which others wait. Compares Counterpoise with itself, in local dispatch, where its
 * databases weigh most.
 */
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
