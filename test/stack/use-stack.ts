// A stack of a test file's own, with the money in it, from before the first test of a describe until after its last.

import { after, before } from 'node:test';
import { openMoney, type Money } from './money.ts';
import { startStack, type TestStack } from './stack.ts';

/** To be called within a describe, before its other hooks. `take` is given what has started. */
export function useStack(take: (started: { readonly stack: TestStack; readonly money: Money }) => void): void {
  let stack: TestStack | undefined;
  let money: Money | undefined;
  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    money = await openMoney(stack);
    take({ stack, money });
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });
}
