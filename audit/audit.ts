/**
 * The audit: checks the invariants of Counterpoise over all databases of a stack and its Temporal server, at rest or while it
 * works. It is the one reader of all databases: it reads each in one snapshot of its own, page by page, and takes the transfer
 * database's first; each file says what that leaves open. Changes nothing.
 */
import type { Database } from '../db/database.ts';
import { checkBalances } from './balances.ts';
import { outboxesOf } from './copied-events.ts';
import { checkEventLog } from './event-log.ts';
import { checkFences } from './fences.ts';
import { collectFindings, type Checked, type Invariant, type Violation } from './findings.ts';
import { checkInstallation } from './installation.ts';
import { checkMoney, type MoneyOf } from './money.ts';
import { checkMovements, checkOrphans } from './movements.ts';
import { withSnapshots } from './reader.ts';
import { checkRecurring } from './recurring.ts';
import { checkTransferEvents } from './transfer-events.ts';
import { checkUncopied } from './uncopied-events.ts';
import { checkUndone, type Undone } from './undone.ts';
import { checkWatermarks } from './watermarks.ts';
import { checkWorkflows, type WorkflowLookup } from './workflows.ts';

export interface AuditedDatabases {
  /** In the order of the shards. The audit needs one connection to each shard, and two to the transfer database. */
  readonly wallets: readonly Database[];
  readonly transfer: Database;
  /** Two connections, too. Undefined for a stack without a relay: I8 is not looked at then. */
  readonly events: Database | undefined;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly checked: Readonly<Checked>;
  /** By currency. */
  readonly money: Readonly<Record<string, MoneyOf>>;
  readonly undone: Undone;
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
  { wallets, transfer, events }: AuditedDatabases,
  workflows: WorkflowLookup,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<AuditReport> {
  const findings = collectFindings();
  const withOutbox = [transfer, ...wallets].map((database) => ({ database, locked: ['outbox_events'] }));
  // The cursors of the log, its oldest snapshot, are behind what the outboxes show.
  const log = events === undefined ? [] : [{ database: events, locked: ['outbox_events', 'event_log'] }];
  const figures = await withSnapshots([...log, ...withOutbox], async (readers) => {
    const [eventsSnapshot] = events === undefined ? [] : readers;
    const [transferSnapshot, ...shards] = readers.slice(log.length);
    await checkInstallation(transferSnapshot!, shards, await workflows.namespaceId(), findings);
    const money = await checkMoney(shards, findings);
    await checkBalances(shards, findings);
    await checkFences(shards, findings);
    await checkMovements(transferSnapshot!, shards, findings);
    await checkOrphans(transfer, shards, findings);
    await checkWatermarks(transferSnapshot!, shards, findings);
    await checkRecurring(transferSnapshot!, findings);
    await checkTransferEvents(transferSnapshot!, findings);
    if (eventsSnapshot !== undefined)
      await checkEventLog(eventsSnapshot, outboxesOf(transferSnapshot!, shards, eventsSnapshot), findings);
    return { money, undone: await checkUndone(transferSnapshot!, findings) };
  });
  await checkWorkflows(transfer, workflows, findings, patienceMs);
  if (events !== undefined) await checkUncopied(events, outboxesOf(transfer, wallets, events), findings, patienceMs);
  return {
    ok: Object.keys(findings.totals()).length === 0,
    checked: findings.checked(),
    ...figures,
    violations: findings.violations(),
    totals: findings.totals(),
  };
}
