/** The votes about what waits for a second person. A vote names what was seen: the request and the policy, as last looked at. */
import type { ApprovalWithVotes, Client, Transfer } from '../../client/client.ts';
import { effectOfAll, effectOfApproving } from '../format/approval-words.ts';
import { inWords } from '../format/status.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action, type Given } from './action.ts';

export function seenOfApproval({ status, needed, policy_version, body_hash, votes }: ApprovalWithVotes): Seen {
  return {
    status: inWords(status),
    'approvals needed': String(needed),
    'version of the policy': String(policy_version),
    'hash of the request': body_hash,
    ...Object.fromEntries(
      votes.map(({ principal, vote, counts }) => [
        `vote of ${principal}`,
        counts ? vote : `${vote}, of a former policy`,
      ]),
    ),
  };
}

/** `isAsker`: whether it is known that who is signed in has asked for it, and may only reject it. */
export function actionsOfApproval(
  approval: ApprovalWithVotes,
  terms: Transfer | undefined,
  isAsker: boolean,
): Action[] {
  if (approval.status !== 'AWAITING') return [];
  const { amount, currency } = approval;
  const approve = voteOf('approveTransfer', approval, {
    title: 'Approve it',
    effect: effectOfApproving(approval, terms),
    ...(amount === null ? {} : { money: { amount, currency } }),
  });
  return [
    ...(isAsker ? [] : [approve]),
    voteOf('rejectTransfer', approval, {
      title: 'Reject it',
      effect: ['transfer', 'transaction', 'batch'].includes(approval.kind)
        ? 'No money moves, now or later: it ends as canceled, whatever others have voted.'
        : 'Nothing is done, whatever others have voted: it has to be asked for again.',
    }),
  ];
}

/** The way past the others. */
export function emergencyOf(approval: ApprovalWithVotes, terms: Transfer | undefined): Action[] {
  if (approval.status !== 'AWAITING') return [];
  const { amount, currency } = approval;
  return [
    voteOf('overrideApproval', approval, {
      title: 'Let it go without them',
      effect: `${effectOfAll(approval, terms)} Nobody else is asked. This raises an alarm, and is kept for ever in the audit log with your name.`,
      ...(amount === null ? {} : { money: { amount, currency } }),
    }),
  ];
}

type Voting = 'approveTransfer' | 'rejectTransfer' | 'overrideApproval';

function voteOf(operation: Voting, shown: ApprovalWithVotes, told: Pick<Action, 'title' | 'effect' | 'money'>): Action {
  const { approval_id } = shown;
  let seen = shown;
  const inputOf = ({ comment }: Given) => ({
    path: { approval_id },
    body: { body_hash: seen.body_hash, policy_version: seen.policy_version, comment },
  });
  return actionOf(operation, inputOf, {
    ...told,
    isComment: true,
    look: async (client: Client, signal?: AbortSignal): Promise<Seen> => {
      // What is shown as changed is what the next try is about.
      seen = await client.approvals.get(approval_id, signal ? { signal } : {});
      return seenOfApproval(seen);
    },
  });
}
