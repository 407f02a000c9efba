/** The state of the transfer service among the metrics: what is open, stuck and waiting, and whether the money is all there. */
import { closeDatabases, type Database } from '../../db/database.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { openTransferDatabase } from '../../db/service-databases.ts';
import {
  lastReconciliationEnd,
  listOpenMovements,
  moneyUnderWay,
  presentInstant,
  summarizeApprovals,
  summarizeCases,
} from '../../db/transfer/state-queries.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import { isBalanced, type SeenMoney } from '../../domain/transfer/money-under-way.ts';
import { MOVEMENT_KINDS } from '../../domain/transfer/movement-counts.ts';
import { DISAGREEMENTS } from '../../domain/transfer/reconciliation.ts';
import type { Settings } from '../../process/config.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import { TRANSFER_TASK_QUEUE } from '../../workflows/transfer/messages.ts';
import { backlogPart, type Queue, type Waiting } from '../backlog.ts';
import { startCollector, type Part } from '../collector.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS } from '../worker.ts';

export interface TransferCollectorDeps {
  readonly metrics: Metrics;
  readonly settings: Settings;
  readonly guard: InstallationGuard;
  readonly ledger: Pick<Ledger, 'shardCount' | 'totals'>;
  readonly waiting: Waiting;
  readonly logger: Logger;
}

/** With a connection of its own, so that it sees the state most of all when there is none left for others. */
export function startTransferCollector(deps: TransferCollectorDeps): RunningService {
  const { metrics, settings, guard, ledger, waiting, logger } = deps;
  const database = openTransferDatabase(settings, guard, {
    applicationName: 'counterpoise-collector',
    connectionsMax: 1,
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
  const parts = [
    movements(metrics, database),
    cases(metrics, database),
    approvals(metrics, database),
    money(metrics, database, ledger),
    backlogPart('backlog', metrics, waiting, queuesOf(ledger.shardCount)),
  ];
  return startCollector(metrics, logger, parts, { close: () => closeDatabases([database]) });
}

function queuesOf(shardCount: number): Queue[] {
  return [
    [TRANSFER_TASK_QUEUE, 'workflow'],
    [TRANSFER_TASK_QUEUE, 'activity'],
    ...Array.from({ length: shardCount }, (_, shard): Queue => [walletTaskQueue(shard), 'activity']),
  ];
}

const OPEN_STATUSES = ['SCHEDULED', 'PENDING', 'DEBITED'];
const PENDING_ALONE: readonly string[] = ['batch_item', 'deposit', 'withdrawal'];

function movements({ inFlight, oldestInFlight, stuck }: Metrics, database: Database): Part {
  return {
    name: 'movements',
    everyMs: 5_000,
    gauges: [inFlight, oldestInFlight, stuck],
    async look() {
      const open = await listOpenMovements(database);
      return () => {
        for (const kind of MOVEMENT_KINDS) {
          const own = open.filter((each) => each.kind === kind);
          for (const status of PENDING_ALONE.includes(kind) ? ['PENDING'] : OPEN_STATUSES)
            inFlight.set({ kind, status }, own.find((each) => each.status === status)?.count ?? 0);
          oldestInFlight.set({ kind }, Math.max(0, ...own.map(({ oldestSeconds }) => oldestSeconds)));
          stuck.set(
            { kind },
            own.reduce((sum, each) => sum + each.stuck, 0),
          );
        }
      };
    },
  };
}

/** The reasons of cases; any other one is shown as `other`. */
const CASE_REASONS: readonly string[] = [
  ...DISAGREEMENTS,
  'refund_failing',
  'cancel_credit_failing',
  'cancel_advance_failing',
  'cancel_transaction_failing',
  'refund_batch_failing',
  'cancel_batch_credits_failing',
];

function cases({ openCases, oldestCase, reconciliationEnd }: Metrics, database: Database): Part {
  return {
    name: 'cases',
    everyMs: 10_000,
    gauges: [openCases, oldestCase, reconciliationEnd],
    async look() {
      const { byReason, oldestSeconds } = await summarizeCases(database);
      const endedAt = await lastReconciliationEnd(database);
      return () => {
        let others = 0;
        for (const [reason, count] of byReason) if (!CASE_REASONS.includes(reason)) others += count;
        for (const reason of CASE_REASONS) openCases.set({ reason }, byReason.get(reason) ?? 0);
        openCases.set({ reason: 'other' }, others);
        oldestCase.set({}, oldestSeconds);
        reconciliationEnd.set({}, endedAt);
      };
    },
  };
}

function approvals({ approvalsAwaiting, approvalsOverridden }: Metrics, database: Database): Part {
  return {
    name: 'approvals',
    everyMs: 10_000,
    gauges: [approvalsAwaiting, approvalsOverridden],
    async look() {
      const { awaiting, overridden } = await summarizeApprovals(database);
      return () => {
        approvalsAwaiting.set({}, awaiting);
        approvalsOverridden.set({}, overridden);
      };
    },
  };
}

/** Reads every wallet, a million of them in less than a second, so it looks seldom. */
function money(
  { ledgerBalanced }: Metrics,
  database: Database,
  { shardCount, totals }: TransferCollectorDeps['ledger'],
): Part {
  return {
    name: 'money',
    everyMs: 60_000,
    gauges: [ledgerBalanced],
    async look() {
      const since = await presentInstant(database);
      const shards = await Promise.all(Array.from({ length: shardCount }, (_, shard) => totals(shard)));
      const underWay = new Map((await moneyUnderWay(database, since)).map((each) => [each.currency, each]));
      const balances = Map.groupBy(shards.flat(), ({ currency }) => currency);
      const seen = [...balances].map(([currency, of]): SeenMoney => {
        const { surely = '0', perhaps = '0' } = underWay.get(currency) ?? {};
        return { currency, balances: of.map(({ balance }) => balance), surely, perhaps };
      });
      return () => {
        for (const each of seen) ledgerBalanced.set({ currency: each.currency }, isBalanced(each) ? 1 : 0);
      };
    },
  };
}
