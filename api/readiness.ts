/**
 * The readiness checks, one for each dependency. A check throws if the dependency is down, and is bounded in time. The results are
 * remembered for a moment, so that many probes cost as little as one.
 */
import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { OpenAccess } from './open-access.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { isTaken, RELAY_LEASE } from '../db/events/lease-queries.ts';
import { LATE, within } from '../process/deadline.ts';
import { walletTaskQueue } from '../domain/routing.ts';
import type { Logger } from '../process/telemetry.ts';
import { answerWithin, type TemporalMonitor } from '../temporal/health.ts';
import type { NamespaceBinding } from '../temporal/namespace-binding.ts';
import { missingSearchAttributes } from '../temporal/search-attributes.ts';
import { TRANSFER_TASK_QUEUE } from '../workflows/transfer/messages.ts';

export type Checks = Readonly<Record<string, () => Promise<void>>>;
export type Readiness = () => Promise<Record<string, CheckResult>>;

export interface CheckResult {
  status: 'up' | 'down';
  reason?: string;
}

/** Thrown by a check; its text is the reason that readiness shows. Of any other error only the code is shown, not its text. */
class NotReady extends Error {}

const CHECK_LIMIT_MS = 1_400;
/** While something is down, the checks run again sooner, because somebody waits for it. */
const REMEMBERED_MS = { up: 1_000, down: 250 };
/** A worker asks for work at least once a minute; a worker that has not asked for longer than this is gone. */
const POLLER_SILENCE_MS_MAX = 75_000;

export function watchReadiness(checks: Checks, log: Logger): Readiness {
  let current: Promise<Record<string, CheckResult>> | undefined;
  let validUntil = -Infinity;
  let wasDown = '';
  let wasReady = false;
  return () => {
    if (current === undefined || performance.now() > validUntil) {
      // A probe that asks while the checks run gets their result.
      validUntil = Infinity;
      current = runAll(checks).then((results) => {
        const down = Object.entries(results).filter(([, { status }]) => status === 'down');
        validUntil = performance.now() + REMEMBERED_MS[down.length === 0 ? 'up' : 'down'];
        const isDown = down.map(([name]) => name).join(', ');
        if (isDown !== wasDown)
          // A process that starts is not ready for a moment, and nothing is wrong with it.
          log[isDown === '' || !wasReady ? 'info' : 'warn'](
            { down: Object.fromEntries(down) },
            isDown === '' ? 'ready' : 'not ready',
          );
        wasDown = isDown;
        wasReady ||= isDown === '';
        return results;
      });
    }
    return current;
  };
}

/** How long a check's statement waits for a lock: shorter than the check's own limit, so that the server gives up first. */
const LOCK_LIMIT_MS = 1_000;

/**
 * Statements that take the same locks as a movement's, on each table that it writes, and touch no row. To read is not enough: a
 * table may be locked against writers alone, as by the creation of an index. To lock is not enough either: a read-only server refuses
 * writes alone.
 */
const TRANSFER_LOCKS = `
  UPDATE transfers SET updated_at = updated_at WHERE false;
  LOCK TABLE transfers, transactions, transfer_steps, movement_metadata, outbox_events IN ROW EXCLUSIVE MODE`;
/**
 * The service's role may write no table itself and so lock none, so the check calls functions: one that writes, for a wallet that
 * does not exist, and one that locks.
 */
const WALLET_LOCKS = `
  SELECT set_wallet_status('00000000-0000-0000-0000-000000000000', 'ACTIVE');
  SELECT lock_for_movements()`;

const ORDER_LOCKS = `
  UPDATE orders SET updated_at = updated_at WHERE false;
  LOCK TABLE orders, order_lines, order_steps, consignments, outbox_events IN ROW EXCLUSIVE MODE`;

const LOCK_NOT_AVAILABLE = '55P03';

/** A check that the transfer service's database takes movements. */
export function transferDatabaseCheck(database: Database): () => Promise<void> {
  return lockCheck(database, TRANSFER_LOCKS);
}

/** The checks that each shard's database moves money. */
export function walletShardChecks(shards: readonly Database[]): Checks {
  return Object.fromEntries(
    shards.map((shard, number) => [`wallet-database-${number}`, lockCheck(shard, WALLET_LOCKS)]),
  );
}

function lockCheck(database: Database, statements: string): () => Promise<void> {
  return async () => {
    try {
      // Without parameters the statements are one message, which the server runs as one transaction.
      await database.$client.query(`SET LOCAL lock_timeout = '${LOCK_LIMIT_MS}ms'; ${statements}`);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      throw new NotReady('a table that every movement needs is locked');
    }
  };
}

/**
 * The checks that Temporal answers for the installation's own namespace, knows the search attributes, and has a worker on every
 * task queue.
 */
export function temporalChecks(
  client: Client,
  binding: Pick<NamespaceBinding, 'verify'>,
  monitor: Pick<TemporalMonitor, 'isDown' | 'suspect'>,
  walletShardCount: number,
): Checks {
  const bounded = (call: () => Promise<void>) => (): Promise<void> => answerWithin(client, CHECK_LIMIT_MS, call);
  return {
    temporal: bounded(async () => {
      await binding.verify();
      // Movements are refused until the monitor, too, knows that Temporal is up.
      if (!monitor.isDown()) return;
      monitor.suspect();
      throw new NotReady('it has just come back');
    }),
    'search-attributes': bounded(async () => {
      const missing = await missingSearchAttributes(client);
      if (missing.length > 0) throw new NotReady(`not registered: ${missing.join(', ')}`);
    }),
    'transfer-worker': bounded(async () => {
      await Promise.all([
        requirePoller(client, TRANSFER_TASK_QUEUE, 'workflow'),
        requirePoller(client, TRANSFER_TASK_QUEUE, 'activity'),
      ]);
    }),
    ...Object.fromEntries(
      Array.from({ length: walletShardCount }, (_, shard) => [
        `wallet-worker-${shard}`,
        bounded(() => requirePoller(client, walletTaskQueue(shard), 'activity')),
      ]),
    ),
  };
}

/**
 * Whether an order would go through: each database of the services of orders, and a worker on each of their task queues. A role that
 * may write no table itself is asked only whether its database answers.
 */
export function orderReadiness(
  databases: Readonly<Record<OrderService, Database>>,
  client: Client,
  log: Logger,
): Readiness {
  const checks = ORDER_SERVICES.flatMap((service): [string, () => Promise<void>][] => [
    [
      `${service}-database`,
      service === 'order'
        ? lockCheck(databases.order, ORDER_LOCKS)
        : async () => void (await databases[service].$client.query('SELECT 1')),
    ],
    [`${service}-worker`, () => answerWithin(client, CHECK_LIMIT_MS, () => requirePoller(client, service, 'activity'))],
  ]);
  return watchReadiness(Object.fromEntries(checks), log);
}

/** Whether events leave: whether some process copies them into the log. `eventsDatabase` is the events service's. */
export function eventsReadiness(eventsDatabase: Database, log: Logger): Readiness {
  const relay = async (): Promise<void> => {
    if (!(await isTaken(eventsDatabase, RELAY_LEASE)))
      throw new NotReady('no events worker copies events into the log');
  };
  return watchReadiness({ relay }, log);
}

/** The check that keys can be looked up, without which nobody is authenticated; none where no keys are asked for. */
export function accessChecks({ database, authentication }: OpenAccess): Checks {
  if (authentication === 'off' || database === undefined) return {};
  return { 'access-database': async () => void (await database.$client.query('SELECT 1')) };
}

export function walletApiCheck(walletApiUrl: string): () => Promise<void> {
  return async () => {
    const response = await fetch(new URL('/health/ready', walletApiUrl), {
      signal: AbortSignal.timeout(CHECK_LIMIT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new NotReady(`it answers ${response.status}`);
  };
}

async function requirePoller(client: Client, name: string, type: 'workflow' | 'activity'): Promise<void> {
  const answer = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: type === 'workflow' ? 1 : 2,
  });
  const isPolled = (answer.pollers ?? []).some(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_SILENCE_MS_MAX,
  );
  if (!isPolled) throw new NotReady(`no worker polls the task queue ${name}`);
}

async function runAll(checks: Checks): Promise<Record<string, CheckResult>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await run(check)] as const),
  );
  return Object.fromEntries(results);
}

async function run(check: () => Promise<void>): Promise<CheckResult> {
  try {
    // A little longer than the checks' own limits, whose errors say better what was late.
    return (await within(CHECK_LIMIT_MS + 100, check())) === LATE
      ? { status: 'down', reason: 'no answer in time' }
      : { status: 'up' };
  } catch (error) {
    return { status: 'down', reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NotReady) return error.message;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return 'no answer';
}
