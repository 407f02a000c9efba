/**
 * What being guarded costs: Counterpoise without authentication, and with encrypted payloads, as subjects beside itself as it is by
 * default. `npm run bench:many-keys` has the rest: whether a million keys cost what ten do.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { BenchStack } from './bench-stack.ts';
import { counterpoise } from './counterpoise.ts';
import type { Ground, SubjectKind } from './subject.ts';

/** Where a transfer is cheapest, so that being guarded costs the greatest part. */
const DISPATCH = 'local';
const ENDED_LIMIT_MS = 30_000;

export function unauthenticatedKind(stack: BenchStack): SubjectKind {
  return counterpoise(stack, {
    id: 'local-unauthenticated',
    name: 'Counterpoise, local dispatch, without authentication',
    dispatch: DISPATCH,
    settings: { AUTH: 'off' },
  });
}

export function encryptedKind(stack: BenchStack, { temporal }: Ground): SubjectKind {
  return counterpoise(stack, {
    id: 'local-encrypted',
    name: 'Counterpoise, local dispatch, with encrypted payloads',
    dispatch: DISPATCH,
    settings: { PAYLOAD_KEYS: `bench:${randomBytes(32).toString('base64')}` },
    // Whatever is measured next has no key for what would be left of these workflows.
    beforeClose: () => untilEnded(temporal),
  });
}

/** Waits until no transfer's workflow runs any more; the last of them end after they were answered. */
async function untilEnded({ address, namespace }: Ground['temporal']): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection, namespace });
    const endsAt = performance.now() + ENDED_LIMIT_MS;
    while ((await workflow.count(`ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'transfer/'`)).count > 0) {
      if (performance.now() > endsAt)
        throw new Error(`transfers still run ${ENDED_LIMIT_MS} ms after they were answered`);
      await sleep(200);
    }
  } finally {
    await connection.close();
  }
}
