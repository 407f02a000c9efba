/**
 * The route of the overview: where the money is now, and what needs a person. It is put together from each service's own part,
 * costs what is in flight and not what exists, and is read at most once a second, however many ask.
 */
import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { ORDER_SERVICES } from '../../domain/order-services.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import type { CurrencyTotal, WalletSight } from '../../domain/wallet/sight.ts';
import { tasksWaiting } from '../../temporal/backlog.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order/messages.ts';
import { TRANSFER_TASK_QUEUE } from '../../workflows/transfer/messages.ts';
import { readLag } from '../events/overview.ts';
import type { ApiEnv } from '../http/env.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { readOrderOverview, type OrderOverview } from '../order/overview.ts';
import type { Readiness } from '../readiness.ts';
import { readTransferOverview, type LastRun, type TransferOverview, type Waiting } from '../transfer/overview.ts';
import { ATTENTION_KINDS, overviewAnswer, type Overview } from './overview-answer.ts';
import { createSources } from './sources.ts';

interface OverviewDeps {
  /** The transfer service's. */
  readonly database: Database;
  readonly eventsDatabase: Database;
  /** Undefined where the installation has no orders. */
  readonly orderDatabase: Database | undefined;
  readonly sight: Pick<WalletSight, 'totals'>;
  /** Of movements, of events and of orders. */
  readonly readiness: readonly Readiness[];
  readonly client: Client;
  readonly walletShardCount: number;
}

const get = createRoute({
  method: 'get',
  path: '/v1/overview',
  operationId: 'getOverview',
  summary: 'Where the money is, and what needs a person',
  tags: ['Overview'],
  description: `One reading of every service, each as one snapshot of its own. A service that does not answer in time is named in
\`sources\`, and its part is empty or null. Whether the books balance is what the reconciliation said last. What is about the installation as
a whole (the books, workers, queues, lag) is told to the default tenant alone.`,
  middleware: requiresInTenant('cases:read'),
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: overviewAnswer } } },
    ...problemResponses(),
  },
});

const KEPT_MS = 1_000;
/** So many tenants' overviews are kept; beyond, the one that was read first is forgotten. */
const KEPT_MAX = 100;

export function overviewRoutes(deps: OverviewDeps) {
  const keptOf = new Map<Tenant, { readonly until: number; readonly overview: Promise<Overview> }>();
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { tenant } = c.var.holder;
    let kept = keptOf.get(tenant);
    if (kept === undefined || performance.now() > kept.until) {
      const reading = read(deps, tenant, c.var.log);
      const keep = (until: number): void => void keptOf.set(tenant, { until, overview: reading });
      kept = { until: Infinity, overview: reading };
      keptOf.delete(tenant);
      keep(Infinity);
      if (keptOf.size > KEPT_MAX) keptOf.delete(keptOf.keys().next().value!);
      reading.then(
        () => keep(performance.now() + KEPT_MS),
        () => keep(-Infinity),
      );
    }
    c.header('Cache-Control', 'no-store');
    return c.json(await kept.overview, 200);
  });
}

type Log = Parameters<typeof createSources>[0];

async function read(deps: OverviewDeps, tenant: Tenant, log: Log): Promise<Overview> {
  const { database, eventsDatabase, orderDatabase, sight } = deps;
  const isOfAll = tenant === DEFAULT_TENANT;
  const sources = createSources<keyof Overview['sources'], 'not_configured' | 'not_allowed'>(log);
  if (!isOfAll) for (const name of ['events', 'temporal'] as const) sources.note(name, 'not_allowed');
  if (orderDatabase === undefined) sources.note('orders', 'not_configured');
  const [transfers, totals, orders, lag, queues, workers] = await Promise.all([
    sources.ask('transfers', () => readTransferOverview(database, tenant)),
    sources.ask('wallets', () => sight.totals(tenant)),
    orderDatabase && sources.ask('orders', () => readOrderOverview(orderDatabase, tenant)),
    isOfAll ? sources.ask('events', () => readLag(eventsDatabase)) : undefined,
    isOfAll ? sources.ask('temporal', () => readQueues(deps)) : undefined,
    isOfAll ? readWorkers(deps.readiness) : [],
  ]);
  const now = Date.now();
  return {
    at: new Date(now).toISOString(),
    currencies: currenciesOf(transfers, totals),
    ...booksOf(transfers),
    ...attentionOf(transfers, orders, now, orderDatabase !== undefined),
    awaiting_approval: ageing(transfers?.approvals, now),
    under_way: underWayOf(transfers, orders, now),
    workers,
    queues: queues ?? [],
    lag: lag ?? [],
    sources: sources.states() as Overview['sources'],
  };
}

async function readQueues({ client, walletShardCount, orderDatabase }: OverviewDeps): Promise<Overview['queues']> {
  const waiting = tasksWaiting(client);
  const own = [TRANSFER_TASK_QUEUE, ...Array.from({ length: walletShardCount }, (_, shard) => walletTaskQueue(shard))];
  const activities = orderDatabase === undefined ? own : [...own, ...ORDER_SERVICES];
  const workflows = orderDatabase === undefined ? [TRANSFER_TASK_QUEUE] : [TRANSFER_TASK_QUEUE, ORDER_TASK_QUEUE];
  const asked = [
    ...workflows.map((queue) => ({ queue, type: 'workflow' as const })),
    ...activities.map((queue) => ({ queue, type: 'activity' as const })),
  ];
  return Promise.all(
    asked.map(async ({ queue, type }) => {
      const { count, oldestSeconds } = await waiting(queue, type);
      return { queue, type, waiting: count, oldest_seconds: count === 0 ? 0 : oldestSeconds };
    }),
  );
}

/** By the checks of readiness, which remember their answers. */
async function readWorkers(readiness: readonly Readiness[]): Promise<Overview['workers']> {
  const checks = await Promise.all(readiness.map((check) => check()));
  return checks
    .flatMap((each) => Object.entries(each))
    .filter(([name]) => name.includes('worker') || name === 'relay')
    .map(([name, { status, reason }]) => ({ name, status, ...(reason === undefined ? {} : { reason }) }));
}

function currenciesOf(
  transfers: TransferOverview | undefined,
  totals: readonly CurrencyTotal[] | undefined,
): Overview['currencies'] {
  const moved = (transfers?.open ?? []).filter(
    ({ kind, status }) => status !== 'SCHEDULED' && kind !== 'deposit' && kind !== 'withdrawal',
  );
  const sumOf = (currency: string, isHeld: boolean): string | null => {
    if (transfers === undefined) return null;
    const those = moved.filter((each) => each.currency === currency && each.is_held === isHeld);
    return formatUnits(those.reduce((sum, { amount }) => sum + parseUnits(amount), 0n));
  };
  const codes = new Set([...(totals ?? []), ...moved].map(({ currency }) => currency));
  return [...codes].sort().map((currency) => ({
    currency,
    total: totals === undefined ? null : (totals.find((each) => each.currency === currency)?.total ?? formatUnits(0n)),
    held: sumOf(currency, true),
    in_flight: sumOf(currency, false),
  }));
}

function booksOf(transfers: TransferOverview | undefined): Pick<Overview, 'books' | 'reconciliation'> {
  const asOf = transfers?.books_as_of ?? null;
  const disagreements = transfers === undefined ? null : transfers.cases.of_books;
  return {
    books: {
      balance: asOf === null ? null : disagreements === 0,
      disagreements,
      as_of: asOf === null ? null : new Date(asOf).toISOString(),
    },
    reconciliation: renderRun(transfers?.last_run ?? null),
  };
}

function renderRun(run: LastRun | null): Overview['reconciliation'] {
  if (run === null) return null;
  const { started, finished, ...told } = run;
  return { ...told, started_at: new Date(started).toISOString(), finished_at: new Date(finished).toISOString() };
}

const NONE: Waiting = { count: 0, oldest: null };

function attentionOf(
  transfers: TransferOverview | undefined,
  orders: OrderOverview | undefined,
  now: number,
  hasOrders: boolean,
): Pick<Overview, 'attention' | 'needs_you'> {
  // Of a part that cannot be asked, nobody knows.
  const isKnown = transfers !== undefined && (!hasOrders || orders !== undefined);
  const waiting: Partial<Record<(typeof ATTENTION_KINDS)[number], Waiting>> = {
    ...transfers?.attention,
    ...orders?.attention,
    cases: transfers?.cases ?? NONE,
  };
  const shown = ATTENTION_KINDS.filter((kind) => kind !== 'cases' && kind !== 'order_cases');
  const needing = [...shown.map((kind) => waiting[kind] ?? NONE), transfers?.cases.found ?? NONE];
  const oldest = needing.flatMap((each) => (each.oldest === null ? [] : [each.oldest]));
  return {
    needs_you: {
      count: isKnown ? needing.reduce((sum, each) => sum + each.count, 0) : null,
      oldest_age_seconds: !isKnown || oldest.length === 0 ? null : ageOf(Math.min(...oldest), now),
    },
    attention: ATTENTION_KINDS.map((kind) => {
      const { count, oldest: since } = waiting[kind] ?? NONE;
      return {
        ...{ kind, count, oldest_at: since === null ? null : new Date(since).toISOString() },
        oldest_age_seconds: since === null ? null : ageOf(since, now),
      };
    }),
  };
}

function underWayOf(
  transfers: TransferOverview | undefined,
  orders: OrderOverview | undefined,
  now: number,
): Overview['under_way'] {
  const ofMovements = Map.groupBy(transfers?.open ?? [], ({ kind, status }) => `${kind} ${status}`);
  return [
    ...[...ofMovements.values()].map((those) => ({
      kind: those[0]!.kind,
      status: those[0]!.status as string,
      count: those.reduce((sum, each) => sum + each.count, 0),
      oldest_age_seconds: ageOf(Math.min(...those.map(({ since }) => since)), now),
      stuck: those.reduce((sum, each) => sum + each.stuck, 0),
    })),
    ...(orders?.open ?? []).map(({ status, count, oldestSeconds, stuck }) => ({
      ...{ kind: 'order' as const, status, count, stuck, oldest_age_seconds: Math.floor(oldestSeconds) },
    })),
  ];
}

function ageing(waiting: Waiting | undefined, now: number): Overview['awaiting_approval'] {
  if (waiting === undefined) return { count: null, oldest_age_seconds: null };
  const { count, oldest } = waiting;
  return { count, oldest_age_seconds: oldest === null ? null : ageOf(oldest, now) };
}

/** Not below zero, whatever the clocks of the servers say. */
function ageOf(since: number, now: number): number {
  return Math.max(0, Math.floor((now - since) / 1_000));
}
