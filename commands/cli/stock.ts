/** `counterpoise product` and `counterpoise stock`: prices, and what is on hand. */
import type { Command } from 'commander';
import type { Stock, StockEntry } from '../../client/client.ts';
import { fields, listedTable } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, whole } from './values.ts';

const QUANTITY_MAX = 1_000_000;

export function addStockCommands(program: Command): void {
  addProductCommands(program);
  const stock = program.command('stock').description('what is on hand, and reserved for orders');
  addLooks(stock);
  addChanges(stock);
}

function addProductCommands(program: Command): void {
  const product = program.command('product').description('what is sold, and for how much');
  product
    .command('set <sku> <unit-price>')
    .description('make a product, or replace its price, currency and name')
    .option('--currency <code>', 'ISO 4217', 'USD')
    .option('--name <text>', 'its name')
    .action(async (sku: string, unit_price: string, { currency, name }: ProductOptions, command: Command) => {
      const { client, print } = openSession(command);
      const set = await client.products.put(sku, { unit_price, currency, ...given({ name }) });
      print(set, () => fields({ sku: set.sku, name: set.name, price: `${set.unit_price} ${set.currency}` }));
    });
}

function addLooks(stock: Command): void {
  stock
    .command('show <sku>')
    .description('show the stock of a SKU')
    .action(async (sku: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const shown = await client.stock.get(sku);
      print(shown, () => describeStock(shown));
    });
  stock
    .command('entries <sku>')
    .description('list what has changed the stock of a SKU, newest first')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async (sku: string, { limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.stock.entries(sku, { limit });
      const rows = data.map((each) => [
        ...[each.created_at, each.type, String(each.on_hand_change), String(each.reserved_change)],
        ...[String(each.on_hand_after), String(each.reserved_after), each.cause_id ?? ''],
      ]);
      const titles = ['AT', 'TYPE', ' ON HAND', ' RESERVED', ' THEN ON HAND', ' THEN RESERVED', 'CAUSE'];
      print(data, () => listedTable(next_cursor, titles, rows));
    });
}

function addChanges(stock: Command): void {
  stock
    .command('count <sku> <on-hand>')
    .description('set what is on hand, as somebody has counted it')
    .action(async (sku: string, onHand: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const counted = await client.stock.count(sku, whole('a whole number', 0, 10 ** 12)(onHand));
      print(counted, () => describeStock(counted));
    });
  stock
    .command('receive <sku> <quantity>')
    .description('receive goods into stock')
    .option('--unit-cost <amount>', 'what one has cost')
    .option('--reason <text>', 'why')
    .option('--key <key>', 'Idempotency-Key; a repeat with the same key receives nothing twice (default: a new key)')
    .action(async (sku: string, quantity: string, { unitCost, reason, key }: ReceiveOptions, command: Command) => {
      const { client, print } = openSession(command);
      const body = {
        quantity: whole('a quantity', 1, QUANTITY_MAX)(quantity),
        ...given({ unit_cost: unitCost, reason }),
      };
      const entry = await client.stock.receive(sku, body, given({ idempotencyKey: key }));
      print(entry, () => describeChanged(entry));
    });
  stock
    .command('adjust <sku> <quantity> <reason>')
    .description('add to what is on hand, or take away from it by a negative quantity')
    .option('--unit-cost <amount>', 'what one has cost')
    .option('--key <key>', 'Idempotency-Key; a repeat with the same key adjusts nothing twice (default: a new key)')
    .action(async (sku: string, quantity: string, reason: string, options: ReceiveOptions, command: Command) => {
      const { unitCost, key } = options;
      const { client, print } = openSession(command);
      const size = whole('a quantity', 1, QUANTITY_MAX)(quantity.replace(/^-/, ''));
      const body = { quantity: quantity.startsWith('-') ? -size : size, reason, ...given({ unit_cost: unitCost }) };
      const entry = await client.stock.adjust(sku, body, given({ idempotencyKey: key }));
      print(entry, () => describeChanged(entry));
    });
}

interface ProductOptions {
  readonly currency: string;
  readonly name?: string;
}

interface ReceiveOptions {
  readonly unitCost?: string;
  readonly reason?: string;
  readonly key?: string;
}

function describeChanged({ sku, on_hand_after, reserved_after }: StockEntry): string {
  return fields({ sku, 'on hand': String(on_hand_after), reserved: String(reserved_after) });
}

function describeStock({ sku, on_hand, reserved, available }: Stock): string {
  return fields({ sku, 'on hand': String(on_hand), reserved: String(reserved), available: String(available) });
}
