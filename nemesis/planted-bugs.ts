/**
 * Bugs that others have shipped in similar code, each as edits of a build of the nemesis, with the faults that bring it to light.
 * They must be caught by what the nemesis always checks; no check is made for them.
 */
import type { Edit } from './build.ts';
import type { FaultKind } from './fault.ts';
import { foreignWorker } from './foreign-worker-fault.ts';
import { lateGroup } from './group-faults.ts';
import { endedKey } from './key-fault.ts';
import { forcedRefund } from './operator-fault.ts';
import { drawnWith, lateStatement, lostAnswer } from './point-faults.ts';
import { restoredShard } from './restored-shard-fault.ts';
import { cancelRequest } from './workflow-faults.ts';

export interface PlantedBug {
  readonly what: string;
  readonly edits: readonly Edit[];
  /** The faults under which the bug shows soon. Under all kinds of faults it shows too, but later. */
  readonly faults: readonly FaultKind[];
  /** The stack's GROUP_MAX. Where it is not said, each transfer has a workflow of its own. */
  readonly groupMax?: number;
  /** Fewer than usual, where the fault makes movements of its own, which wait behind those of clients on a slow machine. */
  readonly clientsAtOnce?: number;
  /** Whether clients order goods meanwhile. Otherwise they do not. */
  readonly hasOrders?: boolean;
  /** Whether clients ask for what needs approvals meanwhile. Otherwise they do not. */
  readonly hasApprovals?: boolean;
  /** Whether there is a second tenant. Otherwise there is not. */
  readonly hasTenants?: boolean;
  /** What each violation is then, as `seenBy: detail`, where no other check may be able to see the bug. */
  readonly isSeenOnlyAs?: RegExp;
}

/** As large as a burst is. */
const GROUP_MAX = 50;

export const PLANTED_BUGS = {
  'no-fence': {
    what: 'a leg that is decided already is done again, and one that was canceled is done after all',
    edits: [
      {
        file: 'db/wallet/functions/claim_leg.sql',
        find: `  IF FOUND THEN
    RETURN NULL;
  END IF;
`,
        replace: `  RETURN NULL;
`,
      },
    ],
    faults: [drawnWith(lateStatement, 'debit')],
  },

  'refund-before-cancel': {
    what: 'the sender is refunded while the credit may still land',
    edits: [
      {
        file: 'workflows/transfer/compensation.ts',
        find: `      const credit = await runUntilDone('cancelCredit', receiverTaskQueue,`,
        replace: `      await settleDebit('0', reason);
      const credit = await runUntilDone('cancelCredit', receiverTaskQueue,`,
      },
    ],
    faults: [drawnWith(lostAnswer, 'credit')],
  },

  'fence-deleted-when-hit': {
    what: 'a debit that arrives after it was canceled finds that out, and the next one does not',
    edits: [
      {
        file: 'db/wallet/functions/claim_leg.sql',
        find: `  RETURN fence;
`,
        replace: `  DELETE FROM operation_fences WHERE transaction_id = p_transaction_id AND leg = p_leg
    AND outcome = 'canceled' AND p_outcome = 'applied';
  RETURN fence;
`,
      },
    ],
    faults: [drawnWith(lateStatement, 'debit')],
  },

  'entry-without-balance': {
    what: 'a refund is in the ledger, but not in the balance',
    edits: [
      {
        file: 'db/wallet/functions/append_entry.sql',
        find: 'SET balance = balance + p_delta,',
        replace: `SET balance = balance + CASE p_type WHEN 'REFUND' THEN 0 ELSE p_delta END,`,
      },
    ],
    faults: [cancelRequest],
  },

  'advance-left-open': {
    what: 'COMPLETED is written while an operator’s refund can still be paid to the sender',
    edits: [
      {
        file: 'workflows/transfer/compensation.ts',
        find: `      advance = await runUntilDone('cancelAdvance', senderTaskQueue, { terms });
`,
        replace: `      advance = 'canceled';
`,
      },
    ],
    faults: [drawnWith(forcedRefund, 'landed, paid late')],
  },

  'status-without-rank': {
    what: 'a status is written over any other, by a worker that is late too',
    edits: [
      {
        file: 'db/transfer/queries.ts',
        find: `WHERE transfer_id = \${transferId} AND \${isBelow(next.status)}`,
        replace: `WHERE transfer_id = \${transferId}`,
      },
      {
        file: 'db/transfer/queries.ts',
        find: `SELECT transfer_id, \${status}, \${reason}, clock_timestamp() FROM changed`,
        replace: `SELECT transfer_id, \${status}, \${reason}, clock_timestamp() FROM changed ON CONFLICT DO NOTHING`,
      },
      {
        file: 'db/transfer/queries.ts',
        find: '  return sql`event AS (${insertEvent(event, sql`changed`)})',
        replace: '  return sql`event AS (${insertEvent(event, sql`changed`)} ON CONFLICT DO NOTHING)',
      },
    ],
    faults: [drawnWith(lateStatement, 'status')],
  },

  'foreign-worker-admitted': {
    what: 'a worker of another installation takes tasks, and carries them out in its own databases',
    edits: [
      {
        file: 'temporal/namespace-binding.ts',
        find: `if (id !== installation.namespaceId) {`,
        replace: `if (id === '') {`,
      },
      {
        file: 'workers/foreign-tasks.ts',
        find: `if (installationId === undefined || installationId === own) return next(input);`,
        replace: `if (own !== '') return next(input);`,
      },
    ],
    faults: [drawnWith(foreignWorker, 'worker-wallet-1')],
  },

  'restored-shard-unseen': {
    what: 'a shard that was restored from before is not compared with what it had, and what has ended is not looked at again',
    edits: [
      {
        file: 'activities/transfer/shard-watermarks.ts',
        find: `if (!isKnownThere && known !== undefined) {`,
        replace: `if (!isKnownThere && known === null) {`,
      },
      {
        file: 'domain/transfer/reconciliation.ts',
        find: `    ...kinds.map((kind): Place => ({ of: 'ended', kind, ...whole })),
`,
        replace: '',
      },
    ],
    faults: [drawnWith(restoredShard, 'long ago')],
    clientsAtOnce: 2,
  },

  'group-answered-early': {
    what: 'the transfers of a group are answered as COMPLETED before their end is stored',
    edits: [
      {
        file: 'api/transfer/accept-group.ts',
        find: `    await end;
    // One read`,
        replace: `    if (end !== undefined) return { ...rows.get(id)!, status: 'COMPLETED' };
    // One read`,
      },
    ],
    faults: [],
    groupMax: GROUP_MAX,
  },

  'group-without-fences': {
    what: 'a group moves what its transfers’ own workflows have decided already, and what they have given up',
    edits: ['debit', 'credit'].map((leg) => ({
      file: `db/wallet/functions/${leg}_batch.sql`,
      find: `BEGIN
  IF cardinality(claimed) > 0 THEN`,
      replace: `BEGIN
  IF p_traces IS NOT NULL THEN claimed := p_transfer_ids; END IF;
  IF cardinality(claimed) > 0 THEN`,
    })),
    faults: [drawnWith(lateGroup, 'debit_group'), drawnWith(lateGroup, 'credit_group')],
    groupMax: GROUP_MAX,
  },

  'group-credits-undebited': {
    what: 'a group credits all of its transfers, those too that were not debited',
    edits: [
      {
        file: 'workflows/transfer/group.ts',
        find: `await inShards('creditGroup', answering, debited, silent);`,
        replace: `await inShards('creditGroup', answering, debited.length < 0 ? debited : transferIds, silent);`,
      },
    ],
    faults: [],
    groupMax: GROUP_MAX,
  },

  'group-places-mixed-up': {
    what: 'the places that a shard answers are looked up in another list than that which it was asked about',
    edits: [
      {
        file: 'workflows/transfer/group.ts',
        find: `return ids.filter((_, place) => applied.has(place));`,
        replace: `return transferIds.filter((_, place) => applied.has(place));`,
      },
    ],
    faults: [],
    groupMax: GROUP_MAX,
  },

  'revocation-answered-at-once': {
    what: 'the revocation of a key is answered while processes may still believe what they knew of it',
    edits: [
      {
        file: 'api/access/authenticator.ts',
        find: `  await sleep(KEY_LEASE_MS + KEY_LEASE_MARGIN_MS);
`,
        replace: '',
      },
    ],
    faults: [endedKey],
    clientsAtOnce: 4,
  },
} satisfies Record<string, PlantedBug>;
