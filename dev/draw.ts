/**
 * Choices that look random and follow from a seed. Each is drawn by its name, so that none depends on how many were drawn
 * before it or in which order.
 */
import { createHash } from 'node:crypto';

/** From 0 to just below 1. */
export function draw(seed: number, ...name: (string | number)[]): number {
  return (
    createHash('sha256')
      .update(JSON.stringify([seed, ...name]))
      .digest()
      .readUInt32BE() /
    2 ** 32
  );
}

/** One of the items. */
export function drawFrom<Item>(items: readonly [Item, ...Item[]], seed: number, ...name: (string | number)[]): Item {
  return items[Math.floor(draw(seed, ...name) * items.length)]!;
}

/** A decimal with two places, from `min` to just below `max` whole units. */
export function drawAmount(min: number, max: number, seed: number, ...name: (string | number)[]): string {
  return ((min * 100 + Math.floor(draw(seed, ...name) * (max - min) * 100)) / 100).toFixed(2);
}

/** `howMany` of the numbers below `outOf`. */
export function drawSubset(howMany: number, outOf: number, seed: number, ...name: (string | number)[]): Set<number> {
  const numbers = Array.from({ length: outOf }, (_, number) => ({ number, rank: draw(seed, ...name, number) }));
  return new Set(
    numbers
      .sort((a, b) => a.rank - b.rank)
      .slice(0, howMany)
      .map(({ number }) => number),
  );
}
