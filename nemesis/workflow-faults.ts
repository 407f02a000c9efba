/**
 * Workflows that are canceled from outside, which then compensate, and workflows that are terminated, whose movements stay where
 * they were until the reconciliation starts them again.
 */
import type { RecentMovement } from './book.ts';
import type { FaultKind, Stage } from './fault.ts';
import { pause } from './pause.ts';
import { readApiKey } from '../dev/api-key-file.ts';

/** The number of recently accepted movements to draw from; some of them have not ended. */
const RECENT = 25;
const CALL_LIMIT_MS = 3_000;
const RECONCILE_LIMIT_MS = 5_000;

function requestFault(kind: 'cancel request' | 'terminate request', weight: number): FaultKind {
  const verb = kind === 'cancel request' ? 'cancel' : 'terminate';
  return {
    kind,
    weight,
    draw: (draws) => {
      const times = draws.whole(4, 20, 'times');
      const everyMs = draws.whole(50, 400, 'every');
      return {
        name: `${verb} ${times} workflows`,
        kind,
        lastsMs: times * everyMs + 2_000,
        async strike(stage, signal) {
          const { draws: own, log, met } = stage;
          let taken = 0;
          for (let n = 0; n < times && !signal.aborted; n += 1) {
            const group = own.chance(0.5, 'group', n) ? await openGroup(stage) : undefined;
            const movement = group ?? anyOf(stage.workload.recentMovements(), (items) => own.from(items, 'which', n));
            if (movement !== undefined && (await wasTaken(stage, movement, verb))) {
              taken += 1;
              met(`open ${movement.kind} workflows that were asked to ${verb}`, 1);
            }
            await pause(everyMs, signal);
          }
          log(`${taken} of ${times} workflows still ran and were asked to ${verb}`);
          if (verb === 'terminate') await reconcile(stage);
        },
      };
    },
  };
}

export const cancelRequest = requestFault('cancel request', 2);
export const workflowFaults: readonly FaultKind[] = [cancelRequest, requestFault('terminate request', 2)];

interface Group {
  readonly kind: 'group';
  readonly id: string;
}

/** A group that has transfers under way: one, if there is any. */
async function openGroup({ stack }: Stage): Promise<Group | undefined> {
  const newest = `SELECT group_id AS id FROM transfers WHERE group_id IS NOT NULL AND status = 'PENDING' ORDER BY created_at DESC LIMIT 1`;
  const [row] = await stack.rows<{ id: string }>('transfer', newest).catch(() => []);
  return row && { kind: 'group', id: row.id };
}

function anyOf(
  all: readonly RecentMovement[],
  draw: (items: readonly [RecentMovement, ...RecentMovement[]]) => RecentMovement,
): RecentMovement | undefined {
  const [first, ...others] = all.slice(-RECENT);
  return first && draw([first, ...others]);
}

/** Returns whether the workflow still ran: one that has ended is not found, or takes no request. */
async function wasTaken(
  { stack }: Stage,
  { kind, id }: RecentMovement | Group,
  verb: 'cancel' | 'terminate',
): Promise<boolean> {
  const handle = stack.temporal.workflow.getHandle(`${kind}/${id}`);
  try {
    await stack.temporal.withDeadline(Date.now() + CALL_LIMIT_MS, async () => {
      if (verb === 'cancel') await handle.cancel();
      else await handle.terminate('by the nemesis');
    });
    return true;
  } catch {
    return false;
  }
}

/** Asks for a run of the reconciliation, because the next regular one may be five minutes away. */
export async function reconcile({ stack }: Stage): Promise<void> {
  await fetch(`${stack.api}/v1/reconciliation-runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readApiKey(stack.dataDir)}`, 'idempotency-key': crypto.randomUUID() },
    signal: AbortSignal.timeout(RECONCILE_LIMIT_MS),
  }).catch(() => {});
}
