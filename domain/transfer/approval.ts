/**
 * Approvals: what one principal asks for and others have to agree to, by a policy. Pure. The database judges: it refuses a transfer that a
 * policy demands an approval for and that has none, whichever way it comes (db/transfer/functions/).
 */
export const APPROVAL_STATUSES = ['AWAITING', 'APPROVED', 'OVERRIDDEN', 'REJECTED', 'EXPIRED', 'WITHDRAWN'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** `override` is the way past the others in an emergency. */
export const VOTES = ['approve', 'reject', 'override'] as const;
export type Vote = (typeof VOTES)[number];

/** Why an approval is needed: the transfer's own amount, or what its sender has sent within 24 hours without one. */
export const APPROVAL_REASONS = ['above', 'above_24h'] as const;

export const APPROVALS_MAX = 5;
export const EXPIRES_SECONDS_MIN = 60;
export const EXPIRES_SECONDS_MAX = 30 * 86_400;
export const EXPIRES_SECONDS_DEFAULT = 3 * 86_400;

/**
 * What became of a vote. `own`: who asks does not vote. `policy_changed`: the policy is another than the voter has seen, and votes under the
 * former one count no more. `other_body`: the voter has seen another request. `voted`: this principal has voted otherwise before.
 */
export type VoteOutcome =
  'counted' | 'decided' | 'unknown' | 'ended' | 'own' | 'policy_changed' | 'other_body' | 'voted';
