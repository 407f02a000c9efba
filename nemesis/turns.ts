/**
 * Turns for faults that must not overlap with others of their kind, because one would heal what another has just broken.
 */
import type { Stack } from './stack.ts';

const lasts = new WeakMap<Stack, Map<string, Promise<unknown>>>();

/** Does the work once all earlier work of this kind has ended, whether it succeeded or failed. */
export async function inTurn(stack: Stack, what: string, work: () => Promise<void>): Promise<void> {
  const ofStack = lasts.get(stack) ?? new Map<string, Promise<unknown>>();
  lasts.set(stack, ofStack);
  const mine = (ofStack.get(what) ?? Promise.resolve()).then(work);
  ofStack.set(
    what,
    mine.catch(() => {}),
  );
  await mine;
}
