/** What faults of orders have in common: whose order a statement is about, and what anybody may do to one. */
import type { Stage } from './fault.ts';
import { holdsWithin } from './pause.ts';
import { isOf } from './point-faults.ts';
import { transfersOf } from './postgres-wire.ts';
import type { Wanted } from './proxy.ts';
import { readApiKey } from '../dev/api-key-file.ts';

const CALL_LIMIT_MS = 3_000;

/** The next one of an order, of a kind: a hold is accepted by the API, and its key says whose it is. */
export function isStep(operation: string): Wanted {
  if (operation !== 'hold') return isOf(operation);
  return (statement) => ['accept', 'accept_group'].includes(statement.operation) && orderOf(statement) !== undefined;
}

/** The order that a statement is about. */
export function orderOf(statement: Parameters<Wanted>[0]): string | undefined {
  if (!['accept', 'accept_group'].includes(statement.operation)) return transfersOf(statement)[0];
  const key = statement.parameters().find((each) => each !== undefined && HOLD_KEY.test(each));
  return key === undefined ? undefined : HOLD_KEY.exec(key)![1];
}
const HOLD_KEY = /order\/([0-9a-f-]{36})\/\d+/;

const struck = new WeakMap<object, Set<string>>();
/** The orders that a fault of this run has been about. */
export function known({ stack }: Stage): Set<string> {
  const ids = struck.get(stack) ?? new Set<string>();
  struck.set(stack, ids);
  return ids;
}

/** Asks for the cancel of an order, as anybody may; the answer is not waited for longer than a call takes. */
export async function cancel({ stack }: Stage, id: string): Promise<void> {
  await fetch(`${stack.api}/v1/orders/${id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readApiKey(stack.dataDir)}`, prefer: 'wait=1' },
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  }).catch(() => {});
}

export async function terminate({ stack }: Stage, id: string): Promise<void> {
  await stack.temporal
    .withDeadline(Date.now() + CALL_LIMIT_MS, () =>
      stack.temporal.workflow.getHandle(`order/${id}`).terminate('by the nemesis'),
    )
    .catch(() => {});
}

/** The status of the order once it has ended, or is at least being undone; undefined if that is not so in time. */
export async function stateOfOrder(
  { stack }: Stage,
  id: string,
  until: 'compensating' | 'ended',
  limitMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  let status: string | undefined;
  await holdsWithin(
    limitMs,
    async () => {
      const [row] = await stack.rows<{ status: string }>(
        'order',
        `SELECT CASE WHEN status = 'PENDING' THEN 'being undone' ELSE status END AS status FROM orders
         WHERE order_id = $1 AND (status NOT IN ('PENDING', 'CONFIRMED') OR (compensating AND $2 = 'compensating'))`,
        [id, until],
      );
      status = row?.status;
      return status !== undefined;
    },
    signal,
  );
  return status;
}
