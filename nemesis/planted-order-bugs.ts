/**
 * Bugs that sagas over several services are known for, each as edits of a build, with the faults that bring it to light. They must be
 * caught by what the nemesis always checks, in a run with orders.
 */
import { handOverInCancel, lateOrderStep } from './late-order-faults.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { drawnWith } from './point-faults.ts';

/** Few others, so that orders have the machine. */
const CLIENTS_AT_ONCE = 3;
/** A statement for a file of another folder, which imports nothing here. */
const importOf = (name: string, file: string): string => `import { ${name} } from '../../${file}';`;
const shared = { hasOrders: true, clientsAtOnce: CLIENTS_AT_ONCE } as const;

export const PLANTED_ORDER_BUGS = {
  'order-undo-after-its-step': {
    what: 'the reservation of an order is undone only if its answer has come',
    edits: [
      {
        file: 'workflows/order/confirm.ts',
        find: `  if (reserved.outcome === 'refused') return { outcome: 'refused', reason: 'out_of_stock' };
`,
        replace: `  (input as { isReserved?: boolean }).isReserved = true;
  if (reserved.outcome === 'refused') return { outcome: 'refused', reason: 'out_of_stock' };
`,
      },
      {
        file: 'workflows/order/order.ts',
        find: `const isUnreserved = reason === 'out_of_stock';`,
        replace: `const isUnreserved = reason === 'out_of_stock' || !(input as { isReserved?: boolean }).isReserved;`,
      },
    ],
    faults: [drawnWith(lateOrderStep, 'reserve')],
    ...shared,
  },

  'hold-voided-before-pivot': {
    what: 'a hold is voided before the inventory has said that the goods are released',
    edits: [
      {
        file: 'workflows/order/consignment.ts',
        find: `    const { reason } = asked;
`,
        replace: `    const { reason } = asked;
    const { terms, holdSeconds } = input;
    await insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount: amountOf(terms, stored), holdSeconds });
`,
      },
    ],
    faults: [handOverInCancel],
    ...shared,
  },

  'no-hold-by-404': {
    what: 'a hold that is not there yet is taken for one that never will be',
    edits: [
      {
        file: 'workers/order/payments.ts',
        find: `import type { TransferId } from '../../domain/ids.ts';
`,
        replace: `import type { TransferId } from '../../domain/ids.ts';
${importOf('transferId', 'domain/derived-id.ts')}
`,
      },
      {
        file: 'workers/order/payments.ts',
        find: `    const voided = await transfers.cancelByKey(holdBody(input), { idempotencyKey, waitSeconds: WAIT_SECONDS });
`,
        replace: `    const known = await transfers.get(transferId(idempotencyKey)).catch((error: unknown) => {
      if (error instanceof CounterpoiseError && error.status === 404) return undefined;
      throw error;
    });
    if (known === undefined) return;
    const voided = await transfers.cancel(known.transfer_id, { waitSeconds: WAIT_SECONDS });
`,
      },
    ],
    faults: [drawnWith(lateOrderStep, 'hold')],
    ...shared,
  },

  'stock-checked-then-written': {
    what: 'what is available is looked at before it is reserved, without a lock between the two',
    edits: [
      {
        file: 'db/inventory/functions/reserve.sql',
        find: ` ORDER BY sku FOR NO KEY UPDATE;`,
        replace: ` ORDER BY sku;`,
      },
      {
        // As of a service that reads, decides and writes in round trips of their own.
        file: 'db/inventory/functions/reserve.sql',
        find: `  INSERT INTO reservations (order_id, n, tenant, sku, quantity)`,
        replace: `  PERFORM pg_sleep(0.2);
  INSERT INTO reservations (order_id, n, tenant, sku, quantity)`,
      },
      {
        file: 'db/inventory/migrations/0000_initial.sql',
        find: `CHECK (0 <= "stock"."reserved" AND "stock"."reserved" <= "stock"."on_hand")`,
        replace: `CHECK (0 <= "stock"."reserved")`,
      },
    ],
    faults: [],
    ...shared,
  },

  'order-status-without-rank': {
    what: 'CONFIRMED is written over any other status, by a worker that is late too',
    edits: [
      {
        file: 'db/order/state.ts',
        find: `    if (row.status !== 'PENDING' || (row.compensating && !input.hasLeft)) return false;
    const lines`,
        replace: `    if (row.status === 'CONFIRMED') return false;
    const lines`,
      },
    ],
    faults: [drawnWith(lateOrderStep, 'order_change')],
    ...shared,
  },

  'one-sided-journal': {
    what: 'a journal adds to the account that it debits, and not to that which it credits',
    edits: [
      {
        file: 'db/accounting/functions/post_journal.sql',
        find: `(VALUES (debit_account, amount, 0::numeric), (credit_account, 0::numeric, amount))`,
        replace: `(VALUES (debit_account, amount, 0::numeric))`,
      },
    ],
    faults: [],
    ...shared,
  },
} satisfies Record<string, PlantedBug>;
