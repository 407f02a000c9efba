/** The goods that a bench sells, put into the databases directly, because their creation is not measured. */
import { asAdministrator, type BenchGround } from './ground.ts';

const SKUS = 100;
/** More of each than any run sells. */
const ON_HAND = 1_000_000_000;
/** What a unit costs, in USD. */
export const UNIT_PRICE = '1.0000';

/** Opens the goods, unless they are there, and returns their SKUs. */
export async function openGoods({ administrators }: Pick<BenchGround, 'administrators'>): Promise<string[]> {
  const skus = Array.from({ length: SKUS }, (_, n) => `bench-${n}`);
  await asAdministrator(administrators['order']!, async (client) => {
    await client.query(
      `INSERT INTO products (sku, unit_price, currency) SELECT sku, $2, 'USD' FROM unnest($1::text[]) AS goods (sku)
       ON CONFLICT DO NOTHING`,
      [skus, UNIT_PRICE],
    );
  });
  await asAdministrator(administrators['inventory']!, async (client) => {
    await client.query(`SELECT count_stock(sku, $2, 'bench', NULL) FROM unnest($1::text[]) AS goods (sku)`, [
      skus,
      ON_HAND,
    ]);
  });
  return skus;
}

/** Returns the SKUs endlessly, each in turn. */
export function skusInTurn(skus: readonly string[]): () => string {
  let n = 0;
  return () => {
    n += 1;
    return skus[n % skus.length]!;
  };
}
