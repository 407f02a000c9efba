// Random interleavings: calls of every operation on stock, in random order and each twice, from many connections, and the
// invariants afterwards. Two broken databases show that the property would notice a fault.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import { changeStock, countStock } from '../../db/inventory/queries.ts';
import type { OrderId, ReturnId } from '../../domain/ids.ts';
import { CONSIGNMENTS_MAX } from '../../domain/order/order.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { freshOrder } from './order-steps.ts';
import { assertStockAgrees } from './stock.ts';
import { trace } from './wallets.ts';

const SKUS = 12;
const ORDERS = 6;
const LANES = 10;
const RUNS = 40;
const HOUR_MS = 3_600_000;

const CALLS = [
  'reserve',
  'issue',
  'expire',
  'release',
  'releaseOrder',
  'takeBack',
  'receive',
  'adjust',
  'count',
] as const;
interface Call {
  readonly call: (typeof CALLS)[number];
  /** Which order, or which SKU. */
  readonly of: number;
  readonly n: number;
  readonly quantity: number;
}
interface OrderPlan {
  readonly lines: readonly { readonly sku: number; readonly quantity: number }[];
  readonly allowSplit: boolean;
}
interface Plan {
  readonly orders: readonly OrderPlan[];
  /** The calls of a lane follow each other; lanes run at once. */
  readonly lanes: readonly (readonly Call[])[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  orders: fc.array(
    fc.record({
      lines: fc.uniqueArray(fc.record({ sku: fc.nat(SKUS - 1), quantity: fc.integer({ min: 1, max: 4 }) }), {
        selector: ({ sku }) => sku,
        minLength: 1,
        maxLength: SKUS,
      }),
      allowSplit: fc.boolean(),
    }),
    { minLength: ORDERS, maxLength: ORDERS },
  ),
  lanes: fc.array(
    fc.array(
      fc.record({
        call: fc.constantFrom('reserve' as const, ...CALLS),
        of: fc.nat(ORDERS - 1),
        n: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: CONSIGNMENTS_MAX })),
        quantity: fc.integer({ min: -6, max: 12 }).filter((quantity) => quantity !== 0),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    { minLength: LANES, maxLength: LANES },
  ),
});

/** What needs several calls of one order after each other, which chance does not bring in every run. */
const LONG_CHAINS: Plan = {
  orders: Array.from({ length: ORDERS }, (_, sku) => ({ lines: [{ sku, quantity: 1 }], allowSplit: false })),
  lanes: Array.from({ length: LANES }, (_, lane) =>
    (lane % 2 === 0
      ? (['receive', 'reserve', 'issue', 'takeBack'] as const)
      : (['receive', 'reserve', 'expire', 'release'] as const)
    ).map((call) => ({ call, of: lane % ORDERS, n: 1, quantity: 12 })),
  ),
};

/** More than there is: six orders want four each of ten. */
const TOO_MANY: Plan = {
  orders: Array.from({ length: ORDERS }, () => ({ lines: [{ sku: 0, quantity: 4 }], allowSplit: false })),
  lanes: Array.from({ length: LANES }, (_, lane) => [{ call: 'reserve', of: lane % ORDERS, n: 1, quantity: 1 }]),
};

describe('the operations on stock from many connections at once', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  test('whatever is called, in whatever order and however often, stock agrees with its entries and each step is decided once', async () => {
    const store = await cluster.createOrderStore('inventory', LANES);
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`SEED=${seed} repeats these interleavings`);
    await fc.assert(interleavings(store), {
      numRuns: RUNS,
      seed,
      endOnFailure: true,
      examples: [[LONG_CHAINS], [TOO_MANY]],
    });
    const outcomes = await rowsOf<{ outcome: string }>(
      store.admin,
      `SELECT DISTINCT concat_ws(' ', split_part(step, ':', 1), outcome, reason) AS outcome FROM step_fences ORDER BY 1`,
    );
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      [
        'goods done',
        'goods undone canceled',
        'goods undone hold_expiring',
        'goods undone lost',
        'reserve done',
        'reserve refused out_of_stock',
        'reserve undone canceled',
        'reserve undone lost',
        'return done',
        'stock done',
      ],
    );
  });

  test('the property fails on a database whose steps are always let through', async () => {
    assert.match(
      await violationOf(`
        CREATE OR REPLACE FUNCTION claim_step(p_saga_id uuid, p_step text, p_outcome text, p_reason text, p_terms jsonb) RETURNS step_fences
        LANGUAGE sql VOLATILE AS $$
          INSERT INTO step_fences (saga_id, step, outcome, reason, terms) VALUES (p_saga_id, p_step, p_outcome, p_reason, p_terms)
          ON CONFLICT (saga_id, step) DO UPDATE SET outcome = p_outcome, reason = p_reason;
          SELECT NULL::step_fences;
        $$`),
      /duplicate key|nothing is reserved|answers differ|on_hand|state/,
    );
  });

  test('the property fails on a database that looks at the stock before it locks it', async () => {
    assert.match(
      await violationOf(`
        CREATE OR REPLACE FUNCTION append_stock_entry(
          p_tenant text, p_sku text, p_type text, p_on_hand bigint, p_reserved bigint, p_cause_id uuid, p_n integer,
          p_quantity bigint DEFAULT NULL, p_unit_cost numeric DEFAULT NULL, p_reason text DEFAULT NULL
        ) RETURNS stock
        LANGUAGE plpgsql VOLATILE AS $$
        DECLARE
          seen stock;
        BEGIN
          SELECT * INTO STRICT seen FROM stock WHERE sku = p_sku;
          PERFORM pg_sleep(0.005);
          UPDATE stock SET on_hand = seen.on_hand + p_on_hand, reserved = seen.reserved + p_reserved, sequence = sequence + 1
          WHERE sku = p_sku RETURNING * INTO STRICT seen;
          INSERT INTO stock_entries (sku, sequence, type, on_hand_change, reserved_change, on_hand_after, reserved_after, cause_id, n)
          VALUES (p_sku, seen.sequence, p_type, p_on_hand, p_reserved, seen.on_hand, seen.reserved, p_cause_id, p_n);
          RETURN seen;
        END
        $$;
        CREATE OR REPLACE FUNCTION lock_reserved_stock(p_order_id uuid, p_ns integer[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT FROM unnest(p_ns) n WHERE NOT EXISTS (SELECT FROM reservations r WHERE (r.order_id, r.n) = (p_order_id, n.n))) THEN
            RAISE 'nothing is reserved';
          END IF;
        END
        $$`),
      // Without those locks, a release of several consignments can deadlock too.
      /on_hand|reserved|deadlock/,
    );
  });

  /** What the property says of a database that was broken by this statement. */
  async function violationOf(statement: string): Promise<string> {
    const store = await cluster.createOrderStore('inventory', LANES);
    await rowsOf(store.admin, statement);
    const result = await fc.check(interleavings(store), { numRuns: RUNS, endOnFailure: true });
    assert.ok(result.failed, 'no violation was found');
    return inspect(result.errorInstance);
  }
});

function interleavings(store: TestDatabase): fc.IAsyncProperty<[Plan]> {
  return fc.asyncProperty(plans, async (plan) => {
    const answers = await carryOut(plan, store);
    const disagreements = [...answers]
      .filter(([step, given]) => given.size > 1 && !(step.endsWith(' reserve') && isGivenBack(given)))
      .map(([step, given]) => `${step}: answers differ: ${[...given].join(', ')}`);
    assert.deepEqual([...disagreements, ...(await unlikeFences(answers, store))], []);
    await assertStockAgrees(store.admin);
  });
}

/** Every answer that was given about each step. */
type Answers = Map<string, Set<string>>;

async function carryOut({ orders, lanes }: Plan, store: TestDatabase): Promise<Answers> {
  const operations = createInventoryActivities(store.service);
  const names = Array.from({ length: SKUS }, () => `SKU-${randomUUID()}`);
  for (const sku of names) await countStock(store.service, sku, 10, trace);
  const ordered = orders.map(({ lines, allowSplit }) => ({
    orderId: freshOrder(),
    returnId: randomUUID() as ReturnId,
    lines: lines.map(({ sku, quantity }) => ({ sku: names[sku]!, quantity })),
    allowSplit,
    trace,
  }));
  const answers: Answers = new Map();
  const told = (step: string, answer: string): void =>
    void answers.set(step, (answers.get(step) ?? new Set()).add(answer));
  const toldGoods = (orderId: OrderId, n: number, outcome: 'issued' | 'released'): void =>
    told(`${orderId} goods:${n}`, outcome === 'issued' ? 'done' : 'undone');

  const run = async ({ call, of, n, quantity }: Call, changeId: string): Promise<void> => {
    const order = ordered[of]!;
    const { orderId, returnId, lines } = order;
    const sku = names[(of + n) % SKUS]!;
    switch (call) {
      case 'reserve': {
        const { outcome } = await operations.reserve(order);
        return told(`${orderId} reserve`, outcome === 'reserved' ? 'done' : outcome);
      }
      case 'issue':
      case 'expire': {
        const holdExpiresAtMs = Date.now() + (call === 'issue' ? HOUR_MS : 0);
        const carrierReference = randomUUID();
        const asked = { orderId, n, holdExpiresAtMs, marginSeconds: 60, carrierReference, trace };
        return unlessUnreserved(operations.issue(asked), ({ outcome }) => toldGoods(orderId, n, outcome));
      }
      case 'release': {
        const released = operations.release({ orderId, n, reason: 'canceled', trace });
        return unlessUnreserved(released, ({ outcome }) => toldGoods(orderId, n, outcome));
      }
      case 'releaseOrder': {
        const released = await operations.releaseOrder({ orderId, reason: 'canceled', trace });
        if (released.outcome === 'answered')
          for (const each of released.consignments) toldGoods(orderId, each.n, each.goods);
        return;
      }
      case 'takeBack': {
        // Only what has left ever comes back, but then at any time.
        const left = await operations.goodsOf({ orderId, trace });
        if (!left.some(({ decided }) => decided.outcome === 'issued')) return;
        const back = lines.map(
          (line, index) => ({ ...line, disposition: index % 2 === 0 ? 'restock' : 'scrap' }) as const,
        );
        await operations.takeBack({ orderId, returnId, lines: back, trace });
        return told(`${orderId} return:${returnId}`, 'done');
      }
      case 'receive':
      case 'adjust': {
        const type = call === 'receive' ? 'RECEIPT' : 'ADJUSTMENT';
        const size = call === 'receive' ? Math.abs(quantity) : quantity;
        const change = { changeId, sku, type, quantity: size, unitCost: undefined, reason: 'a test' } as const;
        const { outcome } = await changeStock(store.service, change, trace);
        if (outcome === 'done') told(`${changeId} stock`, outcome);
        return;
      }
      case 'count':
        return void (await countStock(store.service, sku, Math.abs(quantity), trace));
    }
  };
  await Promise.all(
    lanes.map(async (calls) => {
      for (const call of calls) {
        const changeId = randomUUID();
        await Promise.all([run(call, changeId), run(call, changeId)]);
      }
    }),
  );
  return answers;
}

/** What was never reserved cannot leave, nor be given back: such a call decides nothing. */
async function unlessUnreserved<Answer>(call: Promise<Answer>, use: (answer: Answer) => void): Promise<void> {
  try {
    use(await call);
  } catch (error) {
    if (!/nothing is reserved/.test(String((error as Error).cause))) throw error;
  }
}

/** What was reserved, and all of it given back, is answered as undone to who reserves it again. */
function isGivenBack(given: ReadonlySet<string>): boolean {
  return given.size === 2 && given.has('done') && given.has('undone');
}

/** Steps whose answers are not what the fence says, or of which no fence is there. */
async function unlikeFences(answers: Answers, { admin }: TestDatabase): Promise<string[]> {
  const rows = await rowsOf<{ step: string; outcome: string }>(
    admin,
    `SELECT saga_id || ' ' || step AS step, outcome FROM step_fences`,
  );
  const fences = new Map(rows.map(({ step, outcome }) => [step, outcome]));
  return [...answers]
    .filter(([step, given]) => !given.has(fences.get(step) ?? ''))
    .map(([step]) => `${step}: the answers differ from the fence`);
}
