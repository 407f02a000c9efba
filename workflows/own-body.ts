/** The body that a movement's workflow was started for; undefined of a run of before that was kept. */
import { workflowInfo } from '@temporalio/workflow';
import type { MovementMemo } from './transfer/messages.ts';

export function ownBodyHash(): string | undefined {
  const memo: Partial<MovementMemo> = workflowInfo().memo ?? {};
  return memo.bodyHash;
}

/** Whether it was started for another body than this one, as far as both are known: an API of the version before names none. */
export function isOfAnotherBody({ bodyHash }: Partial<MovementMemo> = {}): boolean {
  const own = ownBodyHash();
  return own !== undefined && bodyHash !== undefined && own !== bodyHash;
}
