/** What clients can buy, and who sells it. Products and stock are made before any fault strikes; prices stay as they are. */
import type { Client } from '../client/client.ts';
import { stockChangeId } from '../domain/derived-id.ts';
import { ofTenant, sameTenant, tenantOf, type OfTenant, type Tenant } from '../domain/tenant.ts';
import type { Book } from './book.ts';
import type { Operation } from './operation.ts';

type Some = readonly [string, ...string[]];

export interface Shop extends OfTenant {
  /** The wallets that are paid. They have money, so that what is returned can be paid back. */
  readonly sellers: Some;
  /** There is enough of these for a run. */
  readonly plenty: Some;
  /** Of these there are few, and more come during the run. */
  readonly scarce: Some;
  /** Is not in stock. */
  readonly none: string;
  /** Is no product. */
  readonly unknown: string;
  /** Also of products that are added during a run. */
  readonly priceOf: (sku: string) => string;
}

const PRICES: Readonly<Record<string, string>> = {
  ...{ POT: '7.9000', CUP: '2.5000', LID: '1.0100', TRAY: '12.0000', SAMOVAR: '19.9900', NONE: '3.0000' },
};
/** Of what is sold out in a burst. */
const LAST_PRICE = '1.5000';
const STOCK = { plenty: 100_000, scarce: 15 };

/** `sellers` are the wallets of the tenant that are paid. What is sold, at which price, and the keys of its receipts are the same in each. */
export async function makeShop(api: Client, book: Book, run: string, sellers: Some, tenant: Tenant): Promise<Shop> {
  const shop: Shop = {
    ...ofTenant(tenant),
    sellers,
    plenty: ['POT', 'CUP', 'LID'],
    scarce: ['TRAY', 'SAMOVAR'],
    none: 'NONE',
    unknown: 'NOTHING',
    priceOf: (sku) => PRICES[sku] ?? LAST_PRICE,
  };
  for (const sku of Object.keys(PRICES)) await putProduct(api, shop, sku);
  for (const sku of [...shop.plenty, ...shop.scarce]) {
    const key = `stock-${run}-${sku}`;
    const { operation } = receiptOf(key, shop, sku, shop.plenty.includes(sku) ? STOCK.plenty : STOCK.scarce);
    const askedAtMs = performance.now();
    const answer = await operation.send(api, { idempotencyKey: key });
    book.accepted(book.open(operation.asked), answer, askedAtMs);
  }
  return shop;
}

/** A repeat changes nothing. */
export async function putProduct(api: Client, { priceOf }: Shop, sku: string, signal?: AbortSignal): Promise<void> {
  await api.products.put(sku, { unit_price: priceOf(sku), currency: 'USD' }, signal && { signal });
}

export function receiptOf(
  key: string,
  shop: OfTenant,
  sku: string,
  quantity: number,
): { readonly operation: Operation } {
  const id = stockChangeId('receipt', sku, key, tenantOf(shop));
  return {
    operation: {
      asked: {
        ...sameTenant(shop),
        key,
        kind: 'stock receipt',
        names: 'stock',
        id,
        moves: [],
        goods: { of: 'stock', sku, change: quantity },
      },
      send: async (api, options) => {
        await api.stock.receive(sku, { quantity }, options);
        return { id };
      },
    },
  };
}

/** `change` may be negative. */
export function adjustmentOf(
  key: string,
  shop: OfTenant,
  sku: string,
  change: number,
): { readonly operation: Operation } {
  const id = stockChangeId('adjustment', sku, key, tenantOf(shop));
  return {
    operation: {
      asked: {
        ...sameTenant(shop),
        key,
        kind: 'stock adjustment',
        names: 'stock',
        id,
        moves: [],
        goods: { of: 'stock', sku, change },
      },
      send: async (api, options) => {
        await api.stock.adjust(sku, { quantity: change, reason: 'Counted by the nemesis' }, options);
        return { id };
      },
    },
  };
}
