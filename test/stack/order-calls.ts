// Orders on a real stack, over HTTP: products with stock, orders placed, handed over and delivered, and the rows behind them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { walletId } from '../../domain/derived-id.ts';
import type { Currency } from '../../domain/currency.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { untilServed, type Answer } from './api-client.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';

export interface Order {
  readonly order_id: string;
  readonly status: string;
  readonly cancel_reason: string | null;
  readonly attention: unknown;
  readonly consignments: readonly {
    readonly goods: string;
    readonly money: string;
    readonly transfer_id: string;
    readonly shipment_id: string;
    readonly hold_expires_at: string;
    readonly invoice_number: number | null;
    readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  }[];
  /** Of a problem. */
  readonly code?: string;
}

export interface Sale {
  readonly buyer: string;
  readonly seller: string;
  readonly sku: string;
}

interface How {
  readonly key?: string;
  readonly waitSeconds?: number;
  readonly quantity?: number;
}

export type OrderCalls = ReturnType<typeof ordersOn>;

export const PRICE = '10.00';
const ENDED = ['COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'];
const END_LIMIT_MS = 60_000;

export function ordersOn({ stack, money }: { readonly stack: TestStack; readonly money: Money }) {
  const { api } = money;
  const connected = async (service: OrderService): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: stack.file().databases[service]! });
    client.on('error', () => {});
    await client.connect();
    return client;
  };

  const calls = {
    /** A new product that costs PRICE, with so many on hand. */
    async product(onHand: number): Promise<string> {
      const sku = `sku-${randomUUID()}`;
      const made = await api.put(`/v1/products/${sku}`, { unit_price: PRICE, currency: 'USD' });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.equal((await api.put(`/v1/stock/${sku}`, { on_hand: onHand })).status, 200);
      return sku;
    },

    /** A buyer with 100.00, a seller, and a product. */
    async sale(onHand = 1): Promise<Sale> {
      const [buyer, seller, sku] = await Promise.all([
        money.wallet(0, '100.00'),
        money.wallet(1),
        calls.product(onHand),
      ]);
      return { buyer, seller, sku };
    },

    /** Wallets of so many new users, with 100.00 each: by one batch, because a transfer each takes long. */
    async buyers(count: number): Promise<string[]> {
      const source = await money.wallet(0, String(100 * count));
      const users = Array.from({ length: count }, () => `user-${randomUUID()}`);
      const wallets = users.map((user) => walletId(user, 'USD' as Currency));
      await Promise.all(users.map((user_id) => untilServed(() => api.post('/v1/wallets', { user_id }))));
      const items = wallets.map((receiver_wallet_id) => ({
        sender_wallet_id: source,
        receiver_wallet_id,
        amount: '100',
      }));
      const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=25' };
      const batch = await untilServed(() => api.post('/v1/transfer-batches', { items }, headers));
      assert.equal(batch.body['status'], 'COMPLETED', JSON.stringify(batch.body));
      return wallets;
    },

    place: (
      { buyer, seller, sku }: Sale,
      more: object = {},
      { key = randomUUID(), waitSeconds = 25, quantity = 1 }: How = {},
    ): Promise<Answer<Order>> =>
      api.post(
        '/v1/orders',
        {
          ...{ buyer_wallet_id: buyer, seller_wallet_id: seller, currency: 'USD' },
          lines: [{ sku, quantity }],
          ...more,
        },
        { 'idempotency-key': key, prefer: `wait=${waitSeconds}` },
      ),

    /** Places an order as a client does that repeats what is refused for now, and returns its id. */
    async placed(sale: Sale): Promise<string> {
      const key = randomUUID();
      let answer: Answer<Order>;
      await until(END_LIMIT_MS, 'the order was not taken', async () => {
        answer = await calls.place(sale, {}, { key, waitSeconds: 0 });
        return answer.status !== 429 && answer.status !== 503;
      });
      assert.ok([200, 202].includes(answer!.status), JSON.stringify(answer!.body));
      return answer!.body.order_id;
    },

    async confirmed(sale: Sale, more?: object, how?: How): Promise<Order> {
      const { body } = await calls.place(sale, more, how);
      assert.equal(body.status, 'CONFIRMED', JSON.stringify(body));
      return body;
    },

    async read(id: string): Promise<Order> {
      return (await api.get<Order>(`/v1/orders/${id}`)).body;
    },

    handOver: (id: string, carrier_reference = 'van 1'): Promise<Answer<Order>> =>
      decided(() => api.post(`/v1/orders/${id}/consignments/1/hand-over`, { carrier_reference })),

    cancel: (id: string): Promise<Answer<Order>> => decided(() => api.post(`/v1/orders/${id}/cancel`, {})),

    /** Once the goods were handed over, has their carrier report that they have arrived, and waits for the order's end. */
    async deliver(id: string): Promise<Order> {
      const shipment = (await calls.read(id)).consignments[0]!.shipment_id;
      const report = { event_id: randomUUID(), status: 'DELIVERED', at: new Date().toISOString() };
      await until(END_LIMIT_MS, 'the shipment was not handed over', async () => {
        const { status } = await api.post(`/v1/shipments/${shipment}/events`, report);
        return status === 200;
      });
      return calls.ended(id);
    },

    /** Pays money into a wallet, or out of it. */
    async move(wallet_id: string, type: 'CREDIT' | 'DEBIT', amount: string): Promise<void> {
      const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=25' };
      const moved = await untilServed(() => api.post('/v1/transactions', { wallet_id, type, amount }, headers));
      assert.equal(moved.body['status'], 'PROCESSED', JSON.stringify(moved.body));
    },

    /** The order once it has ended. */
    async ended(id: string): Promise<Order> {
      let order = await calls.read(id);
      await until(END_LIMIT_MS, `the order ${id} has not ended`, async () => {
        order = await calls.read(id);
        return ENDED.includes(order.status);
      });
      return order;
    },

    async stock(sku: string): Promise<{ readonly onHand: number; readonly reserved: number }> {
      const { body } = await api.get<{ on_hand: number; reserved: number }>(`/v1/stock/${sku}`);
      return { onHand: body.on_hand, reserved: body.reserved };
    },

    /** What is in a wallet, and what of it is held. */
    async wallet(id: string): Promise<{ readonly balance: string; readonly held: string }> {
      const { body } = await api.get<{ balance: string; held: string }>(`/v1/wallets/${id}`);
      return { balance: body.balance, held: body.held };
    },

    async rows<Row extends pg.QueryResultRow>(
      service: OrderService,
      statement: string,
      values: readonly unknown[] = [],
    ) {
      const client = await connected(service);
      try {
        return (await client.query<Row>(statement, [...values])).rows;
      } finally {
        await client.end();
      }
    },

    /** Locks the stock of a SKU until the function that it returns is called: whatever changes it waits. */
    async lockStock(sku: string): Promise<() => Promise<void>> {
      const client = await connected('inventory');
      await client.query('BEGIN');
      await client.query('SELECT FROM stock WHERE sku = $1 FOR UPDATE', [sku]);
      return () => client.end();
    },

    /** The balance of each of a seller's accounts that is not even, by its code. */
    async books(seller: string): Promise<Record<string, string>> {
      const { body } = await api.get<{ accounts: { code: string; balance: string }[] }>(
        `/v1/trial-balance?seller_wallet_id=${seller}`,
      );
      const uneven = body.accounts.filter(({ balance }) => Number(balance) !== 0);
      return Object.fromEntries(uneven.map(({ code, balance }) => [code, balance]));
    },

    /** The kinds of an order's journals, in alphabetical order: those of the invoices among them. */
    async journals(id: string): Promise<string[]> {
      const { body } = await api.get<{ data: { kind: string }[] }>(`/v1/journals?order_id=${id}`);
      return body.data.map(({ kind }) => kind).sort();
    },
  };
  return calls;
}

/** The answer once it is decided: on a busy machine, a client is told to ask again. */
async function decided(ask: () => Promise<Answer<Order>>): Promise<Answer<Order>> {
  let answer = await ask();
  await until(END_LIMIT_MS, 'it is not decided', async () => {
    if (answer.status === 202) answer = await ask();
    return answer.status !== 202;
  });
  return answer;
}
