/**
 * The drain after the faults of a round: everything that was accepted ends by itself within five minutes, and its events are in the
 * log (I7). Meanwhile clients decide their holds and their orders, and an operator asks for reconciliations.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { outboxesOf } from '../audit/copied-events.ts';
import { countUncopied } from '../audit/uncopied-events.ts';
import type { Client } from '../client/client.ts';
import { DISAGREEMENTS } from '../domain/transfer/reconciliation.ts';
import type { Approvals } from './approvals.ts';
import type { Draws } from './draws.ts';
import { ordersUnderWay } from './order-rows.ts';
import type { Orders } from './orders.ts';
import { orderDatabases, type Stack } from './stack.ts';
import type { Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';

const DRAIN_LIMIT_MS = 300_000;
/** Shorter after a violation: a movement that never ends adds nothing then. */
const DRAIN_LIMIT_WHEN_VIOLATED_MS = 5_000;
const LOOK_MS = 500;
const RECONCILE_MS = 15_000;
const TOLD_MAX = 10;

interface Asking {
  readonly tenants: Pick<Tenants, 'finish'>;
  readonly orders: Orders | undefined;
  readonly approvals: Approvals | undefined;
}

/** Waits until everything has ended, and returns how long that took. */
export function drain(
  stack: Stack,
  api: Client,
  asking: Asking,
  draws: Draws,
  violations: Violations,
  signal: AbortSignal,
): Promise<number> {
  const draining = (): Promise<number> => untilEnded(stack, api, asking, draws, violations, signal);
  return asking.approvals?.decideDuring(draining, signal) ?? draining();
}

async function untilEnded(
  stack: Stack,
  api: Client,
  { tenants, orders }: Asking,
  draws: Draws,
  violations: Violations,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = performance.now();
  const limitMs = violations.total() > 0 ? DRAIN_LIMIT_WHEN_VIOLATED_MS : DRAIN_LIMIT_MS;
  const isOver = (): boolean => performance.now() - startedAt > limitMs;
  const given = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  try {
    await stack.waitUntilReady(limitMs, signal);
  } catch (error) {
    signal.throwIfAborted();
    violations.report('drain', undefined, String(error));
  }
  await tenants.finish(draws, given);
  // Not awaited yet: orders end only when what they have asked for has ended, and some of that has to be reconciled first.
  const finishing = orders?.finish(draws.of('orders'), given);

  let reconciledAt = -Infinity;
  for (;;) {
    signal.throwIfAborted();
    const left = await underWay(stack).catch(() => undefined);
    const uncopied = left?.length === 0 ? await eventsOnTheirWay(stack).catch(() => undefined) : undefined;
    if (uncopied === 0) {
      await finishing;
      return performance.now() - startedAt;
    }
    if (isOver()) {
      if (uncopied !== undefined)
        violations.report(
          'drain',
          undefined,
          `${uncopied} events were not in the log ${limitMs / 1_000} s after the last fault`,
        );
      for (const { id, status } of (left ?? []).slice(0, TOLD_MAX))
        violations.report('drain', id, `it is still ${status} ${limitMs / 1_000} s after the last fault`);
      if (left?.length !== 0)
        violations.report(
          'drain',
          undefined,
          `${left?.length ?? 'unknown'} movements and orders had not ended ${limitMs / 1_000} s after the last fault`,
        );
      return performance.now() - startedAt;
    }
    if (performance.now() - reconciledAt > RECONCILE_MS) {
      reconciledAt = performance.now();
      // A run that fails now is asked for again.
      await api.reconciliationRuns.create({ signal: AbortSignal.timeout(RECONCILE_MS) }).catch(() => {});
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

function eventsOnTheirWay(stack: Stack): Promise<number> {
  const { 'wallet-0': wallet0, 'wallet-1': wallet1, transfer, events } = stack.databases;
  return countUncopied(events, outboxesOf(transfer, [wallet0, wallet1], events, orderDatabases(stack)));
}

/** Everything that has not ended, and open cases of what has ended. The findings of the reconciliation are left to the audit. */
async function underWay(stack: Stack): Promise<{ id: string; status: string }[]> {
  const movements = await stack.rows<{ id: string; status: string }>(
    'transfer',
    `
    SELECT transfer_id AS id, status FROM transfers WHERE status NOT IN ('COMPLETED', 'FAILED', 'CANCELED')
    UNION ALL SELECT transaction_id, status FROM transactions WHERE status = 'PENDING'
    UNION ALL SELECT batch_id, status FROM transfer_batches WHERE status IN ('PROCESSING', 'AWAITING_APPROVAL')
    UNION ALL SELECT coalesce(transfer_id, transaction_id, case_id), 'the subject of a case of ' || reason || ' that is open'
    FROM cases WHERE status = 'OPEN' AND reason <> ALL($1)`,
    [DISAGREEMENTS],
  );
  return [...movements, ...(await ordersUnderWay(stack))];
}
