/** The votes of a run, and the changes of the policy that demands them, each noted in the book of approvals. */
import type { Approval, Client } from '../client/client.ts';
import { judge } from './answers.ts';
import type { ApprovalBook } from './approval-book.ts';
import { ABOVE, CHANGING } from './approval-world.ts';
import type { Draws } from './draws.ts';
import { pause } from './pause.ts';
import type { Violations } from './violations.ts';

/** Who votes, with which key: the root key may only override. */
export interface Voter {
  readonly who: string;
  readonly client: Client;
}

export type Cast = (
  voter: Voter,
  vote: 'approve' | 'reject' | 'override',
  seen: Approval,
  signal: AbortSignal,
) => Promise<string | undefined>;

type Met = (what: string, howMany: number) => void;

const TIMEOUT_MS = 10_000;
const TRIES_MAX = 8;
const PAGE = 50;
const AGAIN_MS = 300;
const EXPIRES_SECONDS = [2, 4, 20, 60] as const;
const COMMENT = 'by the nemesis';

/** Returns what waits for approvals, or undefined if nothing does, or it cannot be read. */
export async function readApproval(book: ApprovalBook, client: Client, id: string): Promise<Approval | undefined> {
  const askedAtMs = performance.now();
  try {
    const approval = await client.approvals.get(id, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    book.see(approval, askedAtMs);
    return approval;
  } catch {
    return undefined;
  }
}

/**
 * Returns what votes: that returns `taken`, or the code of the refusal; undefined if it is not known. What has no answer is repeated, and what was
 * for another policy is given again for the present one.
 */
export function createVotes(book: ApprovalBook, violations: Violations, met: Met): Cast {
  return async ({ who, client }, vote, seen, signal) => {
    const id = seen.approval_id;
    for (let attempt = 1, approval = seen; attempt <= TRIES_MAX && !signal.aborted; attempt += 1) {
      const { body_hash, policy_version } = approval;
      const askedAtMs = performance.now();
      try {
        const given = { signal: AbortSignal.timeout(TIMEOUT_MS) };
        book.see(await client.approvals[vote](id, { body_hash, policy_version, comment: COMMENT }, given), askedAtMs);
        book.voted(id, who, vote);
        met(`votes: ${vote} taken`, 1);
        return 'taken';
      } catch (error) {
        const { says, code } = judge(error);
        met(`votes: ${vote}, ${says === 'refused' ? code : 'no answer'}`, 1);
        if (code === 'internal_error') violations.report('observer', id, 'a vote on it was answered with 500');
        if (says === 'unknown') book.voted(id, who, vote);
        if (says === 'refused' && code !== 'approval_policy_changed') return code;
        approval = (await readApproval(book, client, id)) ?? approval;
        if (says !== 'refused') await pause(AGAIN_MS, signal);
      }
    }
    return undefined;
  };
}

interface Changing {
  /** With the key of who asks for changes, and who may not vote on them. */
  readonly asker: Voter;
  readonly voters: readonly Voter[];
  /** Of votes on changes, which the book has nothing of. */
  readonly cast: Cast;
  readonly book: ApprovalBook;
  readonly violations: Violations;
  readonly met: Met;
  readonly mayEnd: boolean;
}

/** Has the policy changed by as many as it demands. Nobody minds if it was changed by another one meanwhile, or if an answer is lost. */
export async function changePolicy(
  { asker, voters, cast, book, violations, met, mayEnd }: Changing,
  draws: Draws,
  signal: AbortSignal,
): Promise<void> {
  const api = asker.client;
  const given = { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) };
  const approve = async (change: Approval): Promise<void> => {
    const [own] = await Promise.all([asker, ...voters].map((voter) => cast(voter, 'approve', change, signal)));
    if (own === 'taken')
      violations.report('observer', change.approval_id, 'who has asked for a change of a policy has approved it');
  };
  try {
    // What was left without its votes would keep all further changes away.
    const { data: waiting } = await api.approvals.list({ status: 'AWAITING', limit: PAGE }, given);
    for (const change of waiting.filter(({ kind }) => kind === 'policy')) await approve(change);
    const { data } = await api.approvalPolicies.list(given);
    const version = data.find(({ currency }) => currency === CHANGING)?.version;
    const isEnded = version !== undefined && mayEnd && draws.chance(0.2, 'ended');
    if (isEnded) book.ended();
    if (isEnded) await approve(await api.approvalPolicies.end(CHANGING, { version }, given));
    const terms = {
      version: isEnded ? 0 : (version ?? 0),
      above: String(draws.from(ABOVE, 'above')),
      approvals: draws.chance(0.7, 'approvals') ? 1 : 2,
      expires_in: draws.from(EXPIRES_SECONDS, 'expires'),
    };
    const set = await api.approvalPolicies.set(CHANGING, terms, given);
    if ('approval_id' in set) await approve(set);
    met('policies: changed', 1);
  } catch (error) {
    met(`policies: ${judge(error).code}`, 1);
  }
}
