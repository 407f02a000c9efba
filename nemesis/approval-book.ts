/**
 * The book of approvals: the votes that may have counted, and the ends that were told. An approval that has ended stays so; each is approved
 * by as many as it needed of those who have voted; and what a voter was told is what is stored.
 */
import type { Approval } from '../client/client.ts';
import { parseUnits } from '../domain/money.ts';
import { ABOVE, CHANGING, CURRENCIES } from './approval-world.ts';
import type { Stack } from './stack.ts';
import type { Violations } from './violations.ts';

export interface ApprovalBook {
  /** Notes that an approval was answered so to a request of this time. */
  readonly see: (approval: Pick<Approval, 'approval_id' | 'status'>, askedAtMs: number) => void;
  /** Notes a vote that was taken, or may have been. */
  readonly voted: (id: string, who: string, vote: 'approve' | 'reject' | 'override') => void;
  /** Notes that for some time there may be no policy of the currency whose policy changes. */
  readonly ended: () => void;
  /** Compares it with what is stored, after everything has ended. */
  readonly compare: (stack: Stack) => Promise<void>;
}

interface StoredApproval {
  readonly id: string;
  /** Null if it waits for none. */
  readonly approval: Approval['status'] | null;
  readonly needed: number;
  readonly status: string;
  readonly amount: string;
  readonly currency: string;
  /** Whether it is a batch that was canceled before any of its items was a transfer. */
  readonly isUnbegun: boolean;
  /** Whether it then has asked for items in another currency than the votes were for. */
  readonly isMixed: boolean;
}

export function createApprovalBook(violations: Violations): ApprovalBook {
  const ends = new Map<string, { readonly status: string; readonly atMs: number }>();
  const votes = new Map<string, Set<string>>();
  let isEverInForce = true;
  const nameOf = (id: string, vote: string): string => `${vote} ${id}`;
  const votersOf = (id: string, vote: string): number => votes.get(nameOf(id, vote))?.size ?? 0;

  const see: ApprovalBook['see'] = ({ approval_id: id, status }, askedAtMs) => {
    const end = ends.get(id);
    if (end === undefined && status !== 'AWAITING') ends.set(id, { status, atMs: performance.now() });
    if (end === undefined || end.status === status || (status === 'AWAITING' && end.atMs > askedAtMs)) return;
    violations.report('comparison', id, `its approval was ${end.status}, and then ${status}`);
  };
  return {
    see,
    voted(id, who, vote) {
      const name = nameOf(id, vote);
      votes.set(name, (votes.get(name) ?? new Set()).add(who));
    },
    ended: () => void (isEverInForce = false),
    async compare(stack) {
      const askedAtMs = performance.now();
      const rows = await stack.rows<StoredApproval>('transfer', STORED, [CURRENCIES]);
      const stored = new Set(rows.map(({ id }) => id));
      const report = (id: string, detail: string): void => violations.report('comparison', id, detail);
      for (const { id, approval, needed, status, amount, currency, isUnbegun, isMixed } of rows) {
        if (approval !== null) see({ approval_id: id, status: approval }, askedAtMs);
        if (approval === 'APPROVED' && votersOf(id, 'approve') < needed)
          report(id, `it is approved, and ${votersOf(id, 'approve')} of the ${needed} that it needs have voted so`);
        if (approval === 'OVERRIDDEN' && votersOf(id, 'override') === 0)
          report(id, 'it is let go without approvals, and nobody has asked for that');
        const isLarge = isEverInForce && currency === CHANGING && parseUnits(amount) > LARGE;
        const mayMove = approval === 'APPROVED' || approval === 'OVERRIDDEN';
        if (!mayMove && status === 'COMPLETED' && (approval !== null || isLarge))
          report(id, `it has moved ${amount} ${currency}, and its approval is ${approval ?? 'not there'}`);
        if (mayMove && isUnbegun && !isMixed) report(id, `it was canceled as a whole, and its approval is ${approval}`);
      }
      for (const [id, { status }] of ends)
        if (!stored.has(id)) report(id, `its approval was ${status}, and it is not stored`);
    },
  };
}

/** What is larger needs an approval under every policy of the run. */
const LARGE = parseUnits(`${ABOVE[2]}.0000`);

/** What may need an approval: a single transfer, and a batch by its sum, which was approved or refused as a whole. */
const STORED = `
  SELECT id, approvals.status AS approval, coalesce(needed, 0) AS needed, of.status, of.amount, of.currency, "isUnbegun", "isMixed"
  FROM (
    SELECT transfer_id AS id, status, amount, currency, false AS "isUnbegun", false AS "isMixed" FROM transfers WHERE batch_id IS NULL
    UNION ALL
    SELECT batch_id, CASE WHEN bool_or(status = 'COMPLETED') THEN 'COMPLETED' ELSE min(status) END, sum(amount), currency, false, false
    FROM transfers WHERE batch_id IS NOT NULL GROUP BY batch_id, currency
    UNION ALL
    SELECT approval_id, batch.status, 0, approvals.currency, batch.status = 'CANCELED', approvals.currency <> ANY (currencies)
    FROM approvals JOIN transfer_batches batch ON batch.batch_id = approval_id JOIN batch_proposals proposal ON proposal.batch_id = approval_id WHERE NOT EXISTS (SELECT FROM transfers WHERE transfers.batch_id = approval_id)
  ) of LEFT JOIN approvals ON approval_id = id WHERE of.currency = ANY($1)`;
