/**
 * The audit: checks the invariants of Counterpoise over all databases of a stack and its Temporal server, at rest or while it
 * works. It is the one reader of all databases: it reads each in one snapshot of its own, page by page, in an order that `inOrder`
 * decides; each file says what that leaves open. Changes nothing.
 */
import type { Database } from '../db/database.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { checkApprovals } from './approvals.ts';
import { checkBalances } from './balances.ts';
import { outboxesOf } from './copied-events.ts';
import { checkEventLog } from './event-log.ts';
import { checkFences } from './fences.ts';
import { collectFindings, type Checked, type Invariant, type Violation } from './findings.ts';
import { checkInstallation } from './installation.ts';
import { checkMoney, type MoneyOf } from './money.ts';
import { checkMovements, checkOrphans } from './movements.ts';
import { checkOrders } from './orders/orders.ts';
import { checkOpenOrders } from './orders/open-orders.ts';
import { withSnapshots, type Read, type Reader } from './reader.ts';
import { checkRecurring } from './recurring.ts';
import { checkTransferEvents } from './transfer-events.ts';
import { checkUncopied } from './uncopied-events.ts';
import { checkUndone, type Undone } from './undone.ts';
import { checkWatermarks } from './watermarks.ts';
import { checkWorkflows, movementKinds, orderKinds, type WorkflowLookup } from './workflows.ts';

export interface AuditedDatabases {
  /** In the order of the shards. The audit needs one connection to each shard, and two to the transfer database. */
  readonly wallets: readonly Database[];
  readonly transfer: Database;
  /** Two connections, too. Undefined for a stack without a relay: I8 is not looked at then. */
  readonly events: Database | undefined;
  /** Two connections to the order database, one to each of the others. Without them, O1 to O8 are not looked at. */
  readonly orders?: Readonly<Record<OrderService, Database>> | undefined;
  /** Without it, the log's events of its outbox are not looked at. */
  readonly access?: Database | undefined;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly checked: Readonly<Checked>;
  /** By currency. */
  readonly money: Readonly<Record<string, MoneyOf>>;
  readonly undone: Undone;
  /** As `undone`, of orders. Undefined where there are none. */
  readonly undone_orders: Undone | undefined;
  /** The first violations of each invariant; `totals` has how many there are. */
  readonly violations: readonly Violation[];
  readonly totals: Readonly<Partial<Record<Invariant, number>>>;
}

/**
 * How long a movement and its workflow may disagree before that is a breach. Within it, a movement that is just ending ends, and
 * the sweep starts a workflow that could not be started at first.
 */
const PATIENCE_MS = 15_000;

export async function audit(
  databases: AuditedDatabases,
  workflows: WorkflowLookup,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<AuditReport> {
  const { wallets, transfer, events, orders, access } = databases;
  const findings = collectFindings();
  const reads = inOrder(databases);
  const figures = await withSnapshots(
    reads.map(([, read]) => read),
    async (readers) => {
      const snapshots = new Map(reads.map(([name], index) => [name, readers[index]!]));
      const [transferSnapshot, eventsSnapshot] = [snapshots.get('transfer')!, snapshots.get('events')];
      const shards = wallets.map((_, shard) => snapshots.get(`wallet-${shard}`)!);
      const orderSnapshots = orders && ofServices((service) => snapshots.get(service)!);
      await checkInstallation(
        [
          ['transfer', transferSnapshot],
          ...[...snapshots].filter(([name]) => name !== 'transfer' && name !== 'events'),
        ],
        await workflows.namespaceId(),
        findings,
      );
      const money = await checkMoney(shards, findings);
      await checkBalances(shards, findings);
      await checkFences(shards, findings);
      await checkMovements(transferSnapshot, shards, findings);
      await checkOrphans(transfer, shards, findings);
      await checkWatermarks(transferSnapshot, shards, findings);
      await checkApprovals(transferSnapshot, findings);
      await checkRecurring(transferSnapshot, findings);
      await checkTransferEvents(transferSnapshot, findings);
      if (orders !== undefined && orderSnapshots !== undefined)
        await checkOrders({ ...orderSnapshots, transfer: transferSnapshot, shards, orderNow: orders.order }, findings);
      if (eventsSnapshot !== undefined)
        await checkEventLog(
          eventsSnapshot,
          outboxesOf(transferSnapshot, shards, eventsSnapshot, orderSnapshots, snapshots.get('access')),
          findings,
        );
      return {
        money,
        undone: await checkUndone(transferSnapshot, findings),
        undone_orders: orderSnapshots && (await checkOpenOrders(orderSnapshots.order, findings)),
      };
    },
  );
  const kinds = [...movementKinds(transfer), ...(orders === undefined ? [] : orderKinds(orders.order))];
  await checkWorkflows(transfer, kinds, workflows, findings, patienceMs);
  if (events !== undefined)
    await checkUncopied(events, outboxesOf(transfer, wallets, events, orders, access), findings, patienceMs);
  return {
    ok: Object.keys(findings.totals()).length === 0,
    checked: findings.checked(),
    ...figures,
    violations: findings.violations(),
    totals: findings.totals(),
  };
}

/**
 * The databases by their names, in the order in which their snapshots are taken: what one of them shows must be in those behind it.
 *
 * - The log's cursors are behind what the outboxes show.
 * - An order's row notes what has happened once it has: so the row comes before all others.
 * - An invoice follows a capture, and a capture the issue of the goods: so accounting, transfer, inventory. Goods that are with the
 *   carrier were issued, too.
 * - A movement's row notes what the wallets did.
 */
function inOrder({ wallets, transfer, events, orders, access }: AuditedDatabases): (readonly [string, Read])[] {
  const withOutbox = (database: Database): Read => ({ database, locked: ['outbox_events'] });
  const ofService = (...names: OrderService[]): (readonly [string, Read])[] =>
    orders === undefined ? [] : names.map((name) => [name, withOutbox(orders[name])]);
  return [
    ...(events === undefined
      ? []
      : [['events', { database: events, locked: ['outbox_events', 'event_log'] }] as const]),
    ...ofService('order', 'accounting', 'delivery'),
    ['transfer', withOutbox(transfer)],
    ...wallets.map((database, shard) => [`wallet-${shard}`, withOutbox(database)] as const),
    ...ofService('inventory'),
    ...(access === undefined ? [] : [['access', withOutbox(access)] as const]),
  ];
}

function ofServices(readerOf: (service: OrderService) => Reader): Record<OrderService, Reader> {
  return Object.fromEntries(ORDER_SERVICES.map((service) => [service, readerOf(service)])) as Record<
    OrderService,
    Reader
  >;
}
