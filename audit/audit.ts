/**
 * Checks the invariants of Counterpoise over all databases of a stack and its Temporal server, at rest or while it works.
 * The one reader of all databases: each is read in one snapshot of its own, page by page, the transfer database's taken
 * first; what that leaves open is said in each file. Changes nothing.
 */
import type { Database } from '../db/database.ts';
import { checkBalances } from './balances.ts';
import { checkFences } from './fences.ts';
import { collectFindings, type Checked, type Invariant, type Violation } from './findings.ts';
import { checkInstallation } from './installation.ts';
import { checkMoney, type MoneyOf } from './money.ts';
import { checkMovements, checkOrphans } from './movements.ts';
import { withSnapshots } from './reader.ts';
import { checkRecurring } from './recurring.ts';
import { checkTransferEvents } from './transfer-events.ts';
import { checkUndone, type Undone } from './undone.ts';
import { checkWatermarks } from './watermarks.ts';
import { checkWorkflows, type WorkflowLookup } from './workflows.ts';

export interface AuditedDatabases {
  /** In the order of the shards. Two connections each, at least, are needed of the transfer database. */
  readonly wallets: readonly Database[];
  readonly transfer: Database;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly checked: Readonly<Checked>;
  /** By currency. */
  readonly money: Readonly<Record<string, MoneyOf>>;
  readonly undone: Undone;
  /** The first ones of each invariant; `totals` has how many there are. */
  readonly violations: readonly Violation[];
  readonly totals: Readonly<Partial<Record<Invariant, number>>>;
}

/**
 * How long a movement and its workflow may disagree before that is a breach: what is just ending ends within that, and what
 * could not be started at first is started by the sweep.
 */
const PATIENCE_MS = 15_000;

export async function audit(
  { wallets, transfer }: AuditedDatabases,
  workflows: WorkflowLookup,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<AuditReport> {
  const findings = collectFindings();
  const figures = await withSnapshots([transfer, ...wallets], async ([transferSnapshot, ...shards]) => {
    await checkInstallation(transferSnapshot!, shards, await workflows.namespaceId(), findings);
    const money = await checkMoney(shards, findings);
    await checkBalances(shards, findings);
    await checkFences(shards, findings);
    await checkMovements(transferSnapshot!, shards, findings);
    await checkOrphans(transfer, shards, findings);
    await checkWatermarks(transferSnapshot!, shards, findings);
    await checkRecurring(transferSnapshot!, findings);
    await checkTransferEvents(transferSnapshot!, findings);
    return { money, undone: await checkUndone(transferSnapshot!, findings) };
  });
  await checkWorkflows(transfer, workflows, findings, patienceMs);
  return {
    ok: Object.keys(findings.totals()).length === 0,
    checked: findings.checked(),
    ...figures,
    violations: findings.violations(),
    totals: findings.totals(),
  };
}
