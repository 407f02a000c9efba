/**
 * Random draws for one part of a run. They depend on the run's seed and the part's name alone, so that the draws of one part
 * change nothing for the others.
 */
import { draw, drawFrom } from '../dev/draw.ts';

type Name = readonly (string | number)[];

export interface Draws {
  /** From 0 to just below 1. */
  readonly number: (...name: Name) => number;
  /** A whole number from `min` to `max`, both included. */
  readonly whole: (min: number, max: number, ...name: Name) => number;
  readonly from: <Item>(items: readonly [Item, ...Item[]], ...name: Name) => Item;
  /** True with this probability. */
  readonly chance: (probability: number, ...name: Name) => boolean;
  /** The items in a random order. */
  readonly shuffled: <Item>(items: readonly Item[], ...name: Name) => Item[];
  /** The draws of a part of this part. */
  readonly of: (...name: Name) => Draws;
}

export function drawsOf(seed: number, ...part: Name): Draws {
  const number = (...name: Name): number => draw(seed, ...part, ...name);
  return {
    number,
    whole: (min, max, ...name) => min + Math.floor(number(...name) * (max - min + 1)),
    from: (items, ...name) => drawFrom(items, seed, ...part, ...name),
    chance: (probability, ...name) => number(...name) < probability,
    shuffled: (items, ...name) =>
      items
        .map((item, index) => ({ item, rank: number(...name, index) }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ item }) => item),
    of: (...name) => drawsOf(seed, ...part, ...name),
  };
}
