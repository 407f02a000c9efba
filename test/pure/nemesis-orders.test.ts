// What clients were told of orders is held against what they were told before, and against what is stored in the end.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CounterpoiseError, type Client, type Order } from '../../client/client.ts';
import { orderId, transferId } from '../../domain/derived-id.ts';
import { holdKey } from '../../domain/order/money.ts';
import { openBook, type Book } from '../../nemesis/book.ts';
import { compare } from '../../nemesis/compare.ts';
import { compareOrders, type StoredOrders } from '../../nemesis/compare-orders.ts';
import { openOrderBook, type OrderBook, type SeenOrder } from '../../nemesis/order-book.ts';
import { cancelOrderOf, handOverOf, orderOf, returnOf } from '../../nemesis/order-operations.ts';
import { receiptOf, type Shop } from '../../nemesis/shop.ts';
import { collectViolations } from '../../nemesis/violations.ts';

const SHOP: Shop = {
  ...{ sellers: ['seller'], plenty: ['POT', 'CUP', 'LID'], scarce: ['TRAY'], none: 'NONE', unknown: 'NOTHING' },
  priceOf: (sku) => (sku === 'POT' ? '7.9000' : '2.5000'),
};
const LINES = [
  { sku: 'POT', quantity: 2 },
  { sku: 'CUP', quantity: 1 },
];
const TERMS = { buyer: 'alice', seller: 'seller', lines: LINES, shipping: '1.0000', allowSplit: true };
const ID = orderId('the key');
const [FIRST, SECOND] = [transferId(holdKey(ID, 1)), transferId(holdKey(ID, 2))];
const HOLDS = [FIRST, SECOND];

interface Told {
  readonly book: Book;
  readonly orders: OrderBook;
  readonly seen: string[];
}

/** One order of two consignments was accepted, and there were 5 of each SKU. */
function told(): Told {
  const seen: string[] = [];
  const violations = collectViolations(({ detail }) => seen.push(detail));
  const [book, orders] = [openBook(violations), openOrderBook(violations)];
  book.accepted(book.open(orderOf('the key', 'order', TERMS, SHOP, orders).asked), { id: ID }, 0);
  for (const sku of ['POT', 'CUP']) {
    const { asked } = receiptOf(`stock ${sku}`, {}, sku, 5).operation;
    book.accepted(book.open(asked), { id: asked.id }, 0);
  }
  return { book, orders, seen };
}

function order(changes: Partial<SeenOrder> = {}, [first, second] = [{}, {}] as object[]): SeenOrder {
  const part = { goods: 'DELIVERED', money: 'CAPTURED', shipmentId: null, carrierReference: null };
  return {
    ...{ id: ID, status: 'COMPLETED', cancelReason: null, buyer: 'alice', seller: 'seller', total: '19.3000' },
    consignments: [
      { n: 1, ...part, amount: '16.8000', transferId: FIRST, lines: [LINES[0]!], ...first },
      { n: 2, ...part, amount: '2.5000', transferId: SECOND, lines: [LINES[1]!], ...second },
    ],
    ...changes,
  };
}

const RELEASED = { goods: 'RELEASED', money: 'VOIDED' };
const PAID = [
  ['COMPLETED', '16.8000'],
  ['COMPLETED', '2.5000'],
] as const;

/** What the comparison finds of what is stored, with the holds in these states. */
function found(
  { book, orders }: Told,
  changes: Partial<StoredOrders> = {},
  holds: readonly (readonly [status: string, captured: string])[] = PAID,
): string[] {
  for (const [index, [status, captured]] of holds.entries())
    book.see('comparison', HOLDS[index]!, { status, failureReason: null, captured }, 0);
  const stored: StoredOrders = {
    orders: [{ ...order(), key: 'the key' }],
    returns: [],
    stock: [
      { sku: 'POT', onHand: 3, reserved: 0 },
      { sku: 'CUP', onHand: 4, reserved: 0 },
    ],
    changes: new Set(book.entries().flatMap(({ names, id }) => (names === 'stock' ? [id] : []))),
    ...changes,
  };
  const differences: string[] = [];
  compareOrders(book, orders, stored, (subject, detail) => differences.push(`${subject}: ${detail}`));
  return differences;
}

const storedAs = (row: SeenOrder): Partial<StoredOrders> => ({ orders: [{ ...row, key: 'the key' }] });

describe('the comparison of orders', () => {
  test('finds nothing where everything is as it was told', () => assert.deepEqual(found(told()), []));

  const cases: [what: string, expected: RegExp, run: () => string[]][] = [
    [
      'an order that nobody asked for',
      /two: it is stored by key "\?", but nobody asked for it/,
      () =>
        found(told(), {
          orders: [
            { ...order(), key: 'the key' },
            { ...order({ consignments: [], status: 'CANCELED' }), id: 'two', key: '?' },
          ],
        }),
    ],
    ['one that has not ended', /still CONFIRMED/, () => found(told(), storedAs(order({ status: 'CONFIRMED' })))],
    [
      'an end that its consignments contradict',
      /it is CANCELED, but its consignments say COMPLETED/,
      () => found(told(), storedAs(order({ status: 'CANCELED' }))),
    ],
    [
      'a pair that is not allowed',
      /consignment 1 has ended with its goods DELIVERED and its money VOIDED/,
      () => found(told(), storedAs(order({}, [{ money: 'VOIDED' }, {}]))),
    ],
    [
      'goods that are paid by a hold that was not captured',
      /money of its consignment 1 is CAPTURED, but transfer \S+ is FAILED/,
      () => found(told(), {}, [['FAILED', '0.0000'], PAID[1]]),
    ],
    [
      'a hold that was captured only in part',
      /money of its consignment 2 is CAPTURED, but transfer \S+ is COMPLETED \(1.0000\)/,
      () => found(told(), {}, [PAID[0], ['COMPLETED', '1.0000']]),
    ],
    [
      'a hold that was voided although its goods have left',
      /hold of its consignment 1 was voided, although its goods have left/,
      () => found(told(), storedAs(order({}, [{ money: 'WRITTEN_OFF' }, {}])), [['CANCELED', '0.0000'], PAID[1]]),
    ],
    [
      'a hold of an order that was undone, and captured',
      /hold of its part 1 was captured, but it was undone/,
      () => found(told(), storedAs(order({ status: 'CANCELED', consignments: [] }))),
    ],
    [
      'more on hand than there can be',
      /POT: .* 3 are on hand, but its row says 4/,
      () => found(told(), { stock: [{ sku: 'POT', onHand: 4, reserved: 0 }] }),
    ],
    [
      'what is still reserved',
      /CUP: 1 of it are reserved/,
      () => found(told(), { stock: [{ sku: 'CUP', onHand: 4, reserved: 1 }] }),
    ],
    [
      'more sold than there was',
      /POT: 2 more of it have left than there were/,
      () => found(told(), { changes: new Set(), stock: [] }),
    ],
    [
      'what was confirmed, and then undone',
      /it was CONFIRMED, but is CANCELED without consignments/,
      () => {
        const own = told();
        own.orders.see(
          'observer',
          order({ status: 'CONFIRMED' }, [
            { goods: 'RESERVED', money: 'HELD' },
            { goods: 'RESERVED', money: 'HELD' },
          ]),
          0,
        );
        return found(own, storedAs(order({ status: 'CANCELED', consignments: [] })));
      },
    ],
    [
      'goods that were told to be released, and are not',
      /goods of its consignment 2 were told to be released, and are DELIVERED/,
      () => {
        const own = told();
        own.orders.decide(ID, 2, 'released');
        return found(own);
      },
    ],
    [
      'a cancel that was told to have won, and has not',
      /somebody was told that it is canceled, but it is COMPLETED/,
      () => {
        const own = told();
        own.orders.cancelTold(ID, 'canceled');
        return found(own);
      },
    ],
    [
      'a cancel that was told to have lost, and has not',
      /told that it cannot be canceled, but it is CANCELED/,
      () => {
        const own = told();
        own.orders.cancelTold(ID, 'not canceled');
        const stock = ['POT', 'CUP'].map((sku) => ({ sku, onHand: 5, reserved: 0 }));
        return found(own, { ...storedAs(order({ status: 'CANCELED' }, [RELEASED, RELEASED])), stock }, [
          ['CANCELED', '0.0000'],
          ['CANCELED', '0.0000'],
        ]);
      },
    ],
  ];
  for (const [what, expected, run] of cases)
    test(`finds ${what}`, () => {
      const all = run();
      assert.ok(
        all.some((each) => expected.test(each)),
        `expected ${expected}, found ${JSON.stringify(all)}`,
      );
    });

  test('takes goods that were canceled and are back for what they are', () => {
    const own = told();
    own.orders.cancelTold(ID, 'canceled');
    own.orders.decide(ID, 2, 'released');
    const stock = [
      { sku: 'POT', onHand: 3, reserved: 0 },
      { sku: 'CUP', onHand: 5, reserved: 0 },
    ];
    const row = order({ status: 'PARTLY_COMPLETED' }, [{}, RELEASED]);
    assert.deepEqual(found(own, { ...storedAs(row), stock }, [PAID[0], ['CANCELED', '0.0000']]), []);
  });

  test('finds more goods that come back than were delivered, and a return that was not paid, or twice', () => {
    const own = told();
    const { id, operation } = returnOf('back', order(), [{ sku: 'POT', quantity: 2 }], SHOP);
    own.book.accepted(own.book.open(operation.asked), { id }, 0);
    const row = { id, orderId: ID, key: 'back', status: 'REFUNDED', amount: '15.8000' };
    const back = (quantity: number) => [{ ...row, lines: [{ sku: 'POT', quantity, disposition: 'scrap' }] }];
    assert.match(found(own, { returns: back(2) }).join(), /it is REFUNDED, and was paid 0 times/);
    const pay = (attempt: number): void =>
      own.book.see(
        'comparison',
        operation.asked.moves[attempt]!.id,
        { status: 'COMPLETED', failureReason: null, captured: '15.8000' },
        0,
      );
    pay(0);
    assert.deepEqual(found(own, { returns: back(2) }), []);
    assert.match(found(own, { returns: back(3) }).join(), /3 of POT come back, of which 2 were delivered/);
    pay(1);
    assert.match(found(own, { returns: back(2) }).join(), /was paid 2 times/);
  });

  test('needs no money to have moved for an order that was accepted, and none may have moved that it does not name', () => {
    const { book } = told();
    const others = new Set(book.entries().map(({ id }) => id));
    const moved: string[] = [];
    const amount = '99.0000';
    const row = { id: FIRST, key: holdKey(ID, 1), from: 'alice', to: 'seller', amount, currency: 'USD' };
    compare(book, { movements: [], others, unbegun: new Set(), ledger: [], wallets: [] }, (_, detail) =>
      moved.push(detail),
    );
    assert.equal(moved.length, 0);
    compare(book, { movements: [row], others, unbegun: new Set(), ledger: [], wallets: [] }, (_, detail) =>
      moved.push(detail),
    );
    assert.deepEqual(moved, ['it is stored with amount 99.0000 where 16.8000 was asked for']);
    compare(book, { movements: [], others: new Set(), unbegun: new Set(), ledger: [], wallets: [] }, (id, detail) =>
      moved.push(`${id} ${detail}`),
    );
    assert.ok(moved.includes(`${ID} it was accepted as order, but it is not stored`));
  });
});

describe('what clients were told of an order', () => {
  const contradictions: [what: string, expected: RegExp, tell: (orders: OrderBook) => void][] = [
    [
      'a status that falls',
      /it was COMPLETED, and then CANCELED canceled, although it had ended/,
      (orders) => {
        orders.see('observer', order(), 0);
        orders.see(
          'observer',
          order({ status: 'CANCELED', cancelReason: 'canceled' }, [RELEASED, RELEASED]),
          performance.now(),
        );
      },
    ],
    [
      'goods that were released, and leave',
      /goods of its consignment 1 were told to be released, and then issued/,
      (orders) => {
        orders.decide(ID, 1, 'released');
        orders.decide(ID, 1, 'issued');
      },
    ],
    [
      'money that is taken, and then held',
      /money of consignment 1 was CAPTURED, and then HELD/,
      (orders) => {
        orders.see('observer', order(), 0);
        orders.see('observer', order({}, [{ money: 'HELD' }, {}]), performance.now());
      },
    ],
    [
      'another price',
      /total 20.0000 where 19.3000 was asked for/,
      (orders) => orders.see('observer', order({ total: '20.0000' }), 0),
    ],
    [
      'consignments of other goods',
      /its consignments are .*1: 3 × POT for 16.8000.* where .*1: 2 × POT for 16.8000/,
      (orders) => orders.see('observer', order({}, [{ lines: [{ sku: 'POT', quantity: 3 }] }, {}]), 0),
    ],
    [
      'two answers to cancels that exclude each other',
      /told that it is not canceled, and then somebody that it is canceled/,
      (orders) => {
        orders.cancelTold(ID, 'not canceled');
        orders.cancelTold(ID, 'canceled');
      },
    ],
  ];
  for (const [what, expected, tell] of contradictions)
    test(`must not be ${what}`, () => {
      const { orders, seen } = told();
      tell(orders);
      assert.match(seen.join('\n'), expected);
    });

  test('may be older than what is known already, if it was asked for before', () => {
    const { orders, seen } = told();
    const askedAtMs = performance.now() - 1_000;
    orders.see('observer', order(), askedAtMs);
    orders.see('observer', order({ status: 'CONFIRMED' }, [{ goods: 'ISSUED', money: 'HELD' }, {}]), askedAtMs);
    assert.deepEqual(seen, []);
    assert.equal(orders.latest(ID)?.status, 'COMPLETED');
  });

  test('is noted by the answers to a hand-over and a cancel, and only once they are decided', async () => {
    const { orders } = told();
    const answers: (Order | CounterpoiseError)[] = [];
    const call = async (): Promise<Order> => {
      const next = answers.shift()!;
      if (next instanceof CounterpoiseError) throw next;
      return next;
    };
    const api = { orders: { handOver: call, cancel: call } } as unknown as Client;
    const answer = (status: string, goods: string, reason: string | null = null): Order =>
      ({
        ...{
          order_id: ID,
          status,
          cancel_reason: null,
          buyer_wallet_id: 'alice',
          seller_wallet_id: 'seller',
          total_amount: '19.3000',
        },
        consignments: order().consignments.map((part) => ({ ...part, goods, money: 'HELD', release_reason: reason })),
      }) as unknown as Order;
    const refusal = (code: string) => new CounterpoiseError(code, { status: 409, code, attempts: 1 });

    answers.push(answer('CONFIRMED', 'RESERVED'));
    await assert.rejects(handOverOf(ID, 1, orders).send(api, {}), /not decided yet/);
    answers.push(answer('CONFIRMED', 'RESERVED'));
    await assert.rejects(cancelOrderOf(ID, orders).send(api, {}), /not decided yet/);
    assert.deepEqual([orders.decisionOf(ID, 1), orders.cancelAnswerOf(ID)], [undefined, undefined]);
    answers.push(refusal('hold_expiring'));
    await assert.rejects(handOverOf(ID, 1, orders).send(api, {}));
    assert.equal(orders.decisionOf(ID, 1), 'released');
    answers.push(answer('CONFIRMED', 'RELEASED', 'canceled'));
    await cancelOrderOf(ID, orders).send(api, {});
    assert.equal(orders.cancelAnswerOf(ID), 'canceled');
  });
});
