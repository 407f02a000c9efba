// What a tenant has of orders, made over the API by the same keys and names as another's: products and stock, an order that was delivered
// and in part returned, and one that waits for an operator. Its goods and its money are moved as the workers would.

import { recordOrderAttention } from '../../db/order/state.ts';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import type { OrderId, ReturnId, WalletId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { TestDatabase, TestStores } from './database.ts';
import { ordersOver, type Placed } from './orders.ts';
import { USD } from './wallets.ts';

const SKU = 'TEAPOT-1L';

type OrderStores = Readonly<Record<OrderService, TestDatabase>>;

interface Asking {
  /** Of an answer that must be new and good. */
  readonly made: (
    method: string,
    path: string,
    body: unknown,
    key?: string,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly list: (path: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** The ids of what was made, by the names of the parameters that lead to them. The buyer needs 30.00. */
export async function furnishShop(
  [stores, services]: readonly [TestStores, OrderStores],
  tenant: Tenant,
  [buyer, seller]: readonly [WalletId, WalletId],
  { made, list }: Asking,
): Promise<Readonly<Record<string, string>>> {
  const course = ordersOver(stores, services);
  const sku = `only-${tenant}`;
  for (const each of [SKU, sku]) {
    await made('PUT', `/v1/products/${each}`, { unit_price: '10.00', currency: 'USD', name: `Of ${tenant}` });
    await made('PUT', `/v1/stock/${each}`, { on_hand: 10 });
    await made('POST', `/v1/stock/${each}/receipts`, { quantity: 5 });
    await made('POST', `/v1/stock/${each}/adjustments`, { quantity: -1, reason: 'said by a test' });
  }
  const lines = [{ sku: SKU, quantity: 2 }];
  const place = async (body: object, key: string): Promise<Placed> => {
    const between = { buyer_wallet_id: buyer, seller_wallet_id: seller, currency: 'USD' };
    const { order_id: id } = await made('POST', '/v1/orders', { ...between, ...body }, key);
    const orderId = id as OrderId;
    const priced = (body as { lines: typeof lines }).lines.map((line) => ({ ...line, unitPrice: '10.0000' }));
    const terms = {
      ...{ orderId, buyerWalletId: buyer, sellerWalletId: seller, currency: USD, lines: priced },
      ...{ shippingAmount: '0.0000', allowSplit: false, tenant },
    };
    return { orderId, terms };
  };

  const delivered = await place({ lines }, 'key-1');
  await course.confirm(delivered);
  await course.fulfil(delivered);
  await course.end(delivered);
  const back = [{ sku: SKU, quantity: 1 }];
  const announced = await made('POST', `/v1/orders/${delivered.orderId}/returns`, { lines: back });
  const returned = announced['return_id'] as ReturnId;
  await course.receive(returned);
  await course.refund(delivered, returned, back);

  const stuck = await place({ lines: [{ sku, quantity: 1 }] }, 'stuck');
  await course.confirm(stuck);
  await recordOrderAttention(services.order.service, {
    ...{ orderId: stuck.orderId, reason: 'issue_failing', error: 'said by a test' },
  });
  const cases = await list('/v1/order-cases');
  const journals = await list('/v1/journals');
  return {
    ...{ sku, order_id: delivered.orderId, stuck_order: stuck.orderId, return_id: returned },
    ...{ invoice_id: consignmentId(delivered.orderId, 1), journal: String(journals[0]!['journal_id']) },
    ...{ shipment_id: shipmentId(consignmentId(delivered.orderId, 1)), order_case_id: String(cases[0]!['case_id']) },
    ...{ buyer, seller },
  };
}
