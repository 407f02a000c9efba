/**
 * Faults that must not overlap with others of their kind, because one would heal what another has just broken: they strike in
 * turn.
 */
import type { Stack } from './stack.ts';

const lasts = new WeakMap<Stack, Map<string, Promise<unknown>>>();

/** Works once those that came before have ended, however they did. */
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
