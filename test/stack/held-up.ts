// Operations of a wallet worker that are blocked at a known moment: by an administrator's row locks, before they commit, or in a
// worker that freezes before it sends them. Also queries for what the databases and Temporal know of them.

import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { internalSettings, stackSettings } from '../../dev/stack-settings.ts';
import { spawnTethered } from '../../dev/tether.ts';
import type { Told } from './freezing-worker.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';

export type Leg = 'debit' | 'credit' | 'refund';
export const LEGS: readonly Leg[] = ['debit', 'credit', 'refund'];
const LIMIT_MS = 120_000;

/** Three transfers, of each of which one operation waits for the lock of a wallet on shard 0. */
export interface BlockedLegs {
  readonly transfers: Record<Leg, string>;
  /** The balance that each of these wallets must have at the end. */
  readonly balances: Record<string, string>;
  readonly release: () => Promise<void>;
}

/** Blocks a debit, a credit and a refund at once, in statements that wait at the same time. */
export async function blockLegs(money: Money): Promise<BlockedLegs> {
  const [debited, creditor, credited, refunded, closed] = await Promise.all([
    money.wallet(0, '100'),
    money.wallet(1, '100'),
    money.wallet(0),
    money.wallet(0, '100'),
    money.wallet(1),
  ]);
  await money.api.post(`/v1/wallets/${closed}/suspend`);
  const releases: (() => Promise<void>)[] = [];
  const start = async (sender: string, receiver: string): Promise<string> =>
    (await money.api.transfer(sender, receiver, '30', { 'idempotency-key': randomUUID() })).body.transfer_id;

  // The wallet of a refund can be locked only after its debit, so the credit is blocked until that is done.
  const releaseClosed = await money.lockWallet(closed);
  const refund = await start(refunded, closed);
  await until(
    LIMIT_MS,
    'the transfer to refund was not debited',
    async () => (await fenceOf(money, refund, 'debit')) === 'applied',
  );
  for (const id of [debited, credited, refunded]) releases.push(await money.lockWallet(id));
  await releaseClosed();
  await until(LIMIT_MS, 'the refund did not come', async () => (await blockedStatements(money)).length === 1);
  const [debit, credit] = await Promise.all([start(debited, closed), start(creditor, credited)]);
  await money.api.post(`/v1/wallets/${closed}/activate`);
  await until(
    LIMIT_MS,
    'the three operations do not wait together',
    async () => (await blockedStatements(money)).filter(({ is_fresh }) => is_fresh).length === 3,
  );
  const transfers = { debit, credit, refund };
  const balances = {
    [debited]: '70.0000',
    [creditor]: '70.0000',
    [credited]: '30.0000',
    [refunded]: '100.0000',
    [closed]: '30.0000',
  };
  return {
    transfers,
    balances,
    release: async () => void (await Promise.all(releases.splice(0).map((release) => release()))),
  };
}

/** The worker's statements that wait for a lock; for fresh ones at least half of the lock_timeout is left. */
export function blockedStatements(money: Money): Promise<{ is_fresh: boolean }[]> {
  return money.rows(
    'wallet-0',
    `
    SELECT clock_timestamp() - query_start < interval '1.5 seconds' AS is_fresh FROM pg_stat_activity
    WHERE application_name = 'counterpoise-wallet-0' AND wait_event_type = 'Lock' AND state = 'active'`,
  );
}

export async function fenceOf(money: Money, transferId: string, leg: Leg): Promise<string | undefined> {
  const [fence] = await money.rows<{ outcome: string }>(
    'wallet-0',
    'SELECT outcome FROM operation_fences WHERE transaction_id = $1 AND leg = $2',
    [transferId, leg],
  );
  return fence?.outcome;
}

/** The number of attempts of the activity until one was answered, over all its activities: a credit may be scheduled twice. */
export async function attemptsOf(money: Money, transferId: string, activity: Leg): Promise<number> {
  const { events } = await money.temporal.workflow.getHandle(`transfer/${transferId}`).fetchHistory();
  const scheduled = events!.filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  const attempts = scheduled.map(({ eventId }) => {
    const started = events!.find(
      (event) => String(event.activityTaskStartedEventAttributes?.scheduledEventId) === String(eventId),
    );
    return started?.activityTaskStartedEventAttributes?.attempt ?? 0;
  });
  return attempts.reduce((sum, attempt) => sum + attempt, 0);
}

export interface FreezingWorker {
  readonly process: ChildProcess;
  /** The transfer whose operation the worker has received. */
  readonly given: () => string | undefined;
  /** The answer of the database. */
  readonly answered: () => Told['answered'];
}

/** Starts a freezing worker beside the stack's; the caller must kill the process that this adds to `children`. */
export function startFreezingWorker(
  stack: TestStack,
  shard: number,
  activity: 'debit' | 'credit' | 'debitAndCredit',
  children: ChildProcess[],
): FreezingWorker {
  const file = fileURLToPath(new URL('freezing-worker.ts', import.meta.url));
  const child = spawnTethered(process.execPath, [file, activity], {
    env: { ...workerEnvironment(stack, shard), LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  let told: Told = {};
  child.on('message', (message) => {
    told = { ...told, ...(message as Told) };
  });
  return { process: child, given: () => told.given, answered: () => told.answered };
}

/** The settings of a wallet worker of the stack. */
export function workerEnvironment(stack: TestStack, shard: number): NodeJS.ProcessEnv {
  const { LOG_FORMAT, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, WALLET_DATABASE_URLS } = stackSettings(stack);
  return {
    PATH: process.env['PATH'],
    ...{ LOG_FORMAT, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, WALLET_DATABASE_URLS },
    WALLET_SHARD: String(shard),
    TRANSFER_API_URL: stack.file().api,
    ...internalSettings(stack),
  };
}
