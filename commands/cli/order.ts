/** `counterpoise order`: places an order, shows it, hands it over, cancels it, takes goods back, decides what waits. */
import { userInfo } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Order, OrderStep, Return } from '../../client/client.ts';
import { EXIT } from '../../process/exit-code.ts';
import type { EndCommand } from './exit-code.ts';
import { addOrderCaseCommands, addResolveOptions, type ResolveOptions } from './order-cases.ts';
import { fields, listedTable, status, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, whole } from './values.ts';

const WAIT_SECONDS = 60;

interface CreateOptions {
  readonly currency: string;
  readonly shipping?: string;
  readonly expectedTotal?: string;
  readonly allowSplit?: boolean;
  readonly reference?: string;
  readonly key?: string;
  readonly wait?: boolean;
}

export function addOrderCommands(program: Command, end: EndCommand): void {
  const order = program.command('order').description('sell goods: stock, payment, delivery and books together');
  addCreateCommand(order, end);
  addShowCommands(order);
  addChangeCommands(order);
  addOrderCaseCommands(order);
}

function addCreateCommand(order: Command, end: EndCommand): void {
  order
    .command('create <buyer-wallet-id> <seller-wallet-id> <lines...>')
    .description('place an order; each line is sku=quantity')
    .option('--currency <code>', 'ISO 4217', 'USD')
    .option('--shipping <amount>', 'paid with the first consignment')
    .option('--expected-total <amount>', 'refuse the order if the prices make another total')
    .option('--allow-split', 'let each SKU be delivered and paid by itself')
    .option('--reference <text>', 'your own note')
    .option('--key <key>', 'Idempotency-Key; a repeat with the same key orders nothing twice (default: a new key)')
    .option('--wait', 'return when the order is confirmed or has ended; exits 1 unless it is confirmed')
    .action(
      async (buyer: string, seller: string, lines: readonly string[], options: CreateOptions, command: Command) => {
        const { client, print } = openSession(command);
        const body = {
          buyer_wallet_id: buyer,
          seller_wallet_id: seller,
          lines: lines.map(lineOf),
          currency: options.currency,
          ...given({
            shipping_amount: options.shipping,
            expected_total: options.expectedTotal,
            allow_split: options.allowSplit,
            reference: options.reference,
          }),
        };
        const call = given({ idempotencyKey: options.key, waitSeconds: options.wait ? WAIT_SECONDS : undefined });
        const made = await client.orders.create(body, call);
        if (options.wait && (made.status === 'PENDING' || made.status === 'CANCELED')) end(EXIT.failed);
        print(made, () => describeOrder(made));
      },
    );
}

function addShowCommands(order: Command): void {
  order
    .command('show <order-id>')
    .description('show an order, its consignments, returns and steps')
    .action(async (orderId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const { orders } = client;
      const asked = [orders.get(orderId), orders.returns(orderId), orders.steps(orderId)] as const;
      const [shown, returns, steps] = await Promise.all(asked);
      const parts = () => [describeOrder(shown), ...describeReturns(returns), describeSteps(steps)];
      print({ ...shown, returns, steps }, () => parts().join('\n\n'));
    });

  order
    .command('list')
    .description('list the newest orders')
    .addOption(
      new Option('--status <status>', 'only orders in this status').choices([
        ...['PENDING', 'CONFIRMED', 'COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'],
      ]),
    )
    .option('--buyer <wallet-id>', 'only orders of this buyer')
    .option('--compensating', 'only orders that are being undone now')
    .option('--attention', 'only orders that wait for an operator')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async (options: ListOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.orders.list(
        given({
          status: options.status,
          buyer_wallet_id: options.buyer,
          compensating: options.compensating ? ('true' as const) : undefined,
          attention: options.attention ? ('true' as const) : undefined,
          limit: options.limit,
        }),
      );
      print(data, () =>
        listedTable(
          next_cursor,
          ['ORDER', 'STATUS', ' TOTAL', 'CURRENCY', 'REASON', 'PLACED'],
          data.map((each) => [
            ...[each.order_id, status(each.status), each.total_amount, each.currency],
            each.attention?.reason ?? each.cancel_reason ?? '',
            each.created_at,
          ]),
        ),
      );
    });
}

interface ListOptions {
  readonly status?: Order['status'];
  readonly buyer?: string;
  readonly compensating?: boolean;
  readonly attention?: boolean;
  readonly limit: number;
}

function addChangeCommands(order: Command): void {
  order
    .command('cancel <order-id>')
    .description('cancel an order, or what has not left of it')
    .action(async (orderId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const canceled = await client.orders.cancel(orderId);
      print(canceled, () => describeOrder(canceled));
    });

  order
    .command('hand-over <order-id> <consignment> <carrier-reference>')
    .description('ask whether a consignment may leave; exits 1 if it must stay')
    .action(async (orderId: string, n: string, carrier_reference: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const left = await client.orders.handOver(orderId, whole('a consignment', 1, 10)(n), { carrier_reference });
      print(left, () => describeOrder(left));
    });

  addResolveOptions(order.command('resolve <order-id>'))
    .description('decide about an order that waits for an operator')
    .action(async (orderId: string, options: ResolveOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { action, comment, onBehalfOf = userInfo().username } = options;
      const resolved = await client.orders.resolve(orderId, { action, comment }, { onBehalfOf });
      print(resolved, () => describeOrder(resolved));
    });

  order
    .command('return <order-id> <lines...>')
    .description('announce that goods come back; each line is sku=quantity')
    .option('--key <key>', 'Idempotency-Key (default: a new key)')
    .option('--received', 'they are back already')
    .action(async (orderId: string, lines: readonly string[], options: ReturnOptions, command: Command) => {
      const { client, print } = openSession(command);
      const call = given({ idempotencyKey: options.key });
      const announced = await client.returns.create(orderId, { lines: lines.map(lineOf) }, call);
      const shown = options.received ? await client.returns.receive(announced.return_id) : announced;
      print(shown, () =>
        fields({
          return: shown.return_id,
          order: shown.order_id,
          status: status(shown.status),
          amount: `${shown.amount} ${shown.currency}`,
        }),
      );
    });
}

interface ReturnOptions {
  readonly key?: string;
  readonly received?: boolean;
}

function lineOf(text: string): { sku: string; quantity: number } {
  const [, sku, quantity] = /^([\w.-]+)=(\d+)$/.exec(text) ?? [];
  if (sku === undefined) throw new InvalidArgumentError(`Expected sku=quantity, not ${text}.`);
  return { sku, quantity: Number(quantity) };
}

function describeOrder(order: Order): string {
  const described = fields({
    order: order.order_id,
    status: status(order.status),
    reason: order.attention === null ? order.cancel_reason : `needs attention: ${order.attention.reason}`,
    case: order.attention?.case_id,
    'last error': order.attention?.last_error,
    buyer: order.buyer_wallet_id,
    seller: order.seller_wallet_id,
    total: `${order.total_amount} ${order.currency}`,
    reference: order.reference,
    placed: order.created_at,
  });
  if (order.consignments.length === 0) return described;
  const rows = order.consignments.map((each) => [
    ...[String(each.n), status(each.goods), status(each.money), each.amount],
    ...[linesIn(each.lines), each.shipment_id ?? ''],
  ]);
  return `${described}\n\n${table([' CONSIGNMENT', 'GOODS', 'MONEY', ' AMOUNT', 'LINES', 'SHIPMENT'], rows)}`;
}

function linesIn(lines: readonly { readonly sku: string; readonly quantity: number }[]): string {
  return lines.map(({ sku, quantity }) => `${sku}=${quantity}`).join(' ');
}

/** One table, or none if nothing was announced to come back. */
function describeReturns(returns: readonly Return[]): string[] {
  if (returns.length === 0) return [];
  const rows = returns.map((each) => [
    ...[each.return_id, status(each.status), each.amount, linesIn(each.lines), each.attention?.reason ?? ''],
  ]);
  return [table(['RETURN', 'STATUS', ' AMOUNT', 'LINES', 'ATTENTION'], rows)];
}

function describeSteps(steps: readonly OrderStep[]): string {
  const rows = steps.map(({ at, consignment, step, reason }) => [at, String(consignment ?? ''), step, reason ?? '']);
  return table(['AT', ' CONSIGNMENT', 'STEP', 'REASON'], rows);
}
