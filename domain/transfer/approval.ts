/**
 * Approvals: what one principal asks for and others have to agree to, by a policy. Pure. The database judges: it refuses a
 * transfer that a policy demands an approval for and that has none, whichever way it comes (db/transfer/functions/).
 */
import type { Acting } from '../acting.ts';
import type { ByWhom } from '../audit-event.ts';
import type { ApiKeyId, PrincipalId, TransferId } from '../ids.ts';
import { ofTenant, type Tenant } from '../tenant.ts';

export const APPROVAL_STATUSES = ['AWAITING', 'APPROVED', 'OVERRIDDEN', 'REJECTED', 'EXPIRED', 'WITHDRAWN'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** `override` is the way past the others in an emergency. */
export const VOTES = ['approve', 'reject', 'override'] as const;
export type Vote = (typeof VOTES)[number];

/**
 * What waits: a transfer, a one-sided transaction, a batch of transfers, an operator's decision about a case, a change of a
 * policy, or that a principal's votes count.
 */
export const APPROVAL_KINDS = ['transfer', 'transaction', 'batch', 'refund', 'write_off', 'policy', 'grant'] as const;

/** What is done once it is approved, of what has no row of its own to say so. */
export type Proposal = Readonly<Record<string, string>>;

/** What a proposal keeps of who asks, beside the principal. */
export function byAsker({ apiKeyId, onBehalfOf }: Acting): Proposal {
  return {
    ...(onBehalfOf === undefined ? {} : { on_behalf_of: onBehalfOf }),
    ...(apiKeyId === undefined ? {} : { api_key_id: apiKeyId }),
  };
}

interface AskedFor {
  readonly tenant: Tenant;
  readonly askedBy: string | null;
  readonly askedById: PrincipalId | null;
  readonly proposal: Proposal | null;
}

/** Whose decision or change it is: that of who has asked. */
export function askerOf({ tenant, askedBy, askedById, proposal }: AskedFor): Acting {
  const { on_behalf_of: onBehalfOf, api_key_id: apiKeyId } = proposal ?? {};
  return {
    actor: askedBy ?? '',
    ...ofTenant(tenant),
    ...(askedById === null ? {} : { principalId: askedById }),
    ...(apiKeyId === undefined ? {} : { apiKeyId: apiKeyId as ApiKeyId }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}

/**
 * What became of a change of a policy: it holds, because there was none of the currency; it waits for approvals, and did so
 * already if `waits`; another change waits, and two do not at once; or the policy is another than the one whose place it was to
 * take.
 */
export type ChangeOutcome = 'set' | 'asked' | 'waits' | 'other_waits' | 'changed';

/**
 * Why an approval is needed: its own amount, or what the sender has sent within 24 hours without one. `always`: such a thing needs
 * one as long as there is any policy.
 */
export const APPROVAL_REASONS = ['above', 'above_24h', 'always'] as const;

export const APPROVALS_MAX = 5;
/** Versions are PostgreSQL's `integer`. */
export const POLICY_VERSION_MAX = 2_147_483_647;
export const EXPIRES_SECONDS_MIN = 60;
export const EXPIRES_SECONDS_MAX = 30 * 86_400;
export const EXPIRES_SECONDS_DEFAULT = 3 * 86_400;

/**
 * What became of a vote. `own`: who asks does not vote. `policy_changed`: the policy is another than the voter has seen, and votes
 * under the former one count no more. `other_body`: the voter has seen another request. `voted`: this principal has voted
 * otherwise before. `related`: one principal could have given this approval and another that counts, because it has made keys of
 * both voters. `not_granted`: the principal is not on the roll of those whose votes count.
 */
export type VoteOutcome =
  | 'counted'
  | 'decided'
  | 'unknown'
  | 'ended'
  | 'own'
  | 'policy_changed'
  | 'other_body'
  | 'voted'
  | 'related'
  | 'not_granted';

/** Who is behind a vote. */
export interface Voter {
  /**
   * Itself and who has made its keys, but for root, by which every key is made in the end: who has the root key can do all that
   * keys can.
   */
  readonly makers: readonly PrincipalId[];
  /**
   * Whether one principal could both have asked and vote: one of the two has made a key of the other, or a third has made keys of
   * both. Of a grant, or be the one whose votes are to count; and there root is one who has made its keys, as anybody else is.
   */
  readonly isOfAsker: boolean;
}

/** Judges a voter by all keys that there are: one that is made later was not there to ask or to vote by. */
export type JudgeVoter = (
  voter: PrincipalId,
  asker: PrincipalId | undefined,
  /** Of a grant, the principal whose votes are to count. */
  granted: PrincipalId | undefined,
) => Promise<Voter>;

/** Returns the tenant's principals with a key that may vote and is valid now. Undefined where nobody has keys. */
export type ListVoters = (tenant: Tenant) => Promise<readonly PrincipalId[] | undefined>;

export interface GrantedVoter {
  readonly principalId: PrincipalId;
  readonly name: string;
}

/**
 * Asks that a principal's votes count, in the tenant of `by`, unless they do. Returns the approval for which that waits, also if
 * it does already; undefined if it needs none.
 */
export type AskGrant = (voter: GrantedVoter, by: ByWhom) => Promise<TransferId | undefined>;
