/** The hash of the body that a movement's run was started for; undefined for a run that started before the hash was kept. */
import { workflowInfo } from '@temporalio/workflow';
import type { MovementMemo } from './transfer/messages.ts';

export function ownBodyHash(): string | undefined {
  const memo: Partial<MovementMemo> = workflowInfo().memo ?? {};
  return memo.bodyHash;
}

/**
 * Whether this run was started for another body than the one in a request. False unless both hashes are known: an API of the
 * version before sends none.
 */
export function isOfAnotherBody({ bodyHash }: Partial<MovementMemo> = {}): boolean {
  const own = ownBodyHash();
  return own !== undefined && bodyHash !== undefined && own !== bodyHash;
}
