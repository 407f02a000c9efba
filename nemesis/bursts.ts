/**
 * Bursts: many transfers that a client asks for at the same time, so that the API accepts them in groups. Some of them are to be
 * refused, some transfers are canceled while their group may be moving them, and some bursts ask for more than their sender has. As of
 * any transfer, a client sends some keys several times at once.
 */
import { cancelOf, type Action } from './actions.ts';
import type { Draws } from './draws.ts';
import type { Operation, TransferKind } from './operation.ts';
import { OF_ANOTHER, type Strangers } from './strangers.ts';
import type { World } from './world.ts';

export interface Burst {
  readonly burst: readonly Operation[];
  /** Each is sent so long after the burst. */
  readonly later: readonly { readonly action: Action; readonly afterMs: number }[];
}

const IN_BURST = 'transfer in a burst';

const SIZE = { min: 5, max: 25 };
const SHARE = { fromOneSender: 0.4, canceled: 0.1 };
const CANCELED_AFTER_MS_MAX = 150;
/** How often each is drawn within a burst. */
const REFUSED: readonly (readonly [chance: number, kind: (world: World) => TransferKind])[] = [
  [0.04, ({ poor }) => ({ kind: 'refused: no money', sender: poor })],
  [0.04, ({ suspended }) => ({ kind: 'refused: suspended', receiver: suspended })],
  [0.03, ({ unknown }) => ({ kind: 'refused: unknown wallet', receiver: unknown })],
  [0.03, ({ limited }) => ({ kind: 'refused: limit', sender: limited })],
];

interface Scene {
  readonly key: string;
  readonly draws: Draws;
  readonly world: World;
  readonly strangers?: Strangers | undefined;
}

/** `transfer` draws one between any two wallets, but for what makes it special. */
export function drawBurst(
  { key, draws, world, strangers }: Scene,
  transfer: (scene: Scene, special: TransferKind) => { readonly operation: Operation },
): Burst {
  const size = draws.whole(SIZE.min, SIZE.max, 'size');
  // What a cold wallet has is not enough for a large burst: the first ones go.
  const sender = draws.chance(SHARE.fromOneSender, 'from one') ? draws.from(world.cold, 'sender') : undefined;
  const operations = Array.from({ length: size }, (_, n) => {
    const own = draws.of('item', n);
    const special = specialOf(own, world, strangers) ?? { kind: IN_BURST, ...(sender === undefined ? {} : { sender }) };
    return transfer({ key: `${key}-${n}`, draws: own, world }, special).operation;
  });
  return {
    burst: operations,
    later: operations
      .filter((_, n) => draws.chance(SHARE.canceled, 'canceled', n))
      .map(({ asked: { id } }, n) => ({
        action: cancelOf(id),
        afterMs: draws.whole(0, CANCELED_AFTER_MS_MAX, 'canceled after', n),
      })),
  };
}

function specialOf(draws: Draws, world: World, strangers: Strangers | undefined): TransferKind | undefined {
  let rest = draws.number('special');
  const refused = REFUSED.find(([chance]) => (rest -= chance) < 0)?.[1](world);
  if (refused !== undefined || strangers === undefined || (rest -= OF_ANOTHER.share) >= 0) return refused;
  const wallet = draws.from(strangers.wallets, 'strange');
  return { kind: OF_ANOTHER.kind, ...(draws.chance(0.5, 'to') ? { receiver: wallet } : { sender: wallet }) };
}
