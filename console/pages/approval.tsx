/** One approval: what it would do to money, who has asked for it, who has voted, and the votes that can be cast. */
import type { ApprovalPolicy, ApprovalWithVotes, Client, Transfer, Wallet } from '../../client/client.ts';
import { Actions } from '../actions/actions.tsx';
import { actionsOfApproval, emergencyOf, seenOfApproval } from '../actions/approval.ts';
import { useAnswer } from '../answer.ts';
import { Votes } from '../approval/votes.tsx';
import { effectOfAll } from '../format/approval-words.ts';
import { requestOf } from '../format/request-of.ts';
import { policyInWords, whyInWords } from '../format/policy-words.ts';
import { inWords } from '../format/status.ts';
import { at, type Parameters } from '../router.ts';
import { ownPrincipalId } from '../session.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';

const REFRESH_MS = 3_000;

interface Shown {
  readonly approval: ApprovalWithVotes;
  /** What the key may not see is missing. */
  readonly transfer: Transfer | undefined;
  readonly sender: Wallet | undefined;
  readonly receiver: Wallet | undefined;
  /** That holds now. */
  readonly policy: ApprovalPolicy | undefined;
}

export function ApprovalPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`approval/${id}`, (client, signal) => load(client, id, signal), {
    refreshMs: REFRESH_MS,
    isOver: ({ approval: { status } }) => status !== 'AWAITING',
  });
  return (
    <Thing title="Approval" id={id} answer={answer}>
      {(data) => <ApprovalFound of={data} reload={answer.reload} />}
    </Thing>
  );
}

async function load(client: Client, id: string, signal: AbortSignal): Promise<Shown> {
  const [approval, policies] = await Promise.all([
    client.approvals.get(id, { signal }),
    orNothing(client.approvalPolicies.list({ signal })),
  ]);
  const transfer = approval.kind === 'transfer' ? await orNothing(client.transfers.get(id, { signal })) : undefined;
  const walletOf = (walletId: string | undefined) =>
    walletId === undefined ? undefined : orNothing(client.wallets.get(walletId, { signal }));
  const [sender, receiver] = await Promise.all([
    walletOf(transfer?.sender_wallet_id),
    walletOf(transfer?.receiver_wallet_id),
  ]);
  return {
    approval,
    transfer,
    sender,
    receiver,
    policy: policies?.data.find((each) => each.currency === approval.currency),
  };
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch(() => undefined);
}

function ApprovalFound({ of, reload }: { of: Shown; reload: () => void }) {
  const { approval, transfer, policy } = of;
  const isWaiting = approval.status === 'AWAITING';
  const isAsker = approval.asked_by_id !== null && approval.asked_by_id === ownPrincipalId.value;
  const seen = seenOfApproval(approval);
  const emergency = emergencyOf(approval, transfer);
  return (
    <>
      <div class="summary">
        <span class="figure">
          {approval.amount === null ? (
            inWords(approval.kind)
          ) : (
            <Amount of={approval.amount} in={approval.currency} names />
          )}
        </span>
        <Status of={approval.status} />
        <span>
          {approval.given} of {approval.needed} approvals
        </span>
        <span class="quiet">
          {isWaiting ? (
            <>
              expires <Age of={approval.expires_at} />
            </>
          ) : (
            <>
              decided <Age of={approval.decided_at} />
            </>
          )}
        </span>
      </div>
      {isWaiting ? <p>{effectOfAll(approval, transfer).replace('The ', 'Once it is approved, the ')}</p> : null}
      {isWaiting && isAsker ? (
        <p>You have asked for it, so somebody else has to approve it. You can reject it.</p>
      ) : null}
      <Actions of={actionsOfApproval(approval, transfer, isAsker)} seen={seen} onDone={reload} />
      <Parties of={of} />
      <h2>Votes</h2>
      <Votes of={approval.votes} />
      <h2>Why it {isWaiting ? 'waits' : 'has waited'}</h2>
      <p>
        {whyInWords(approval)}, by version {approval.policy_version} of the{' '}
        <a href={at('/approvals/policies')}>policy of {approval.currency}</a>.{' '}
        {policy === undefined ? null : policyInWords(policy)}
      </p>
      {transfer === undefined ? null : <Json of={requestOf(transfer)} title="The request, as it was accepted" isOpen />}
      <details class="json" hidden={emergency.length === 0}>
        <summary>In an emergency</summary>
        <Actions of={emergency} seen={seen} onDone={reload} />
      </details>
      <Json of={{ approval, transfer }} />
    </>
  );
}

function Parties({ of: { approval, transfer, sender, receiver } }: { of: Shown }) {
  const { approval_id, kind, proposal, asked_by, asked_by_id, created_at, body_hash } = approval;
  const { case_id, transfer_id = kind === 'transfer' ? approval_id : undefined, comment, principal } = proposal ?? {};
  const who = (walletId: string, wallet: Wallet | undefined) => (
    <>
      <Id of={walletId} to="/wallets" />
      {wallet === undefined ? null : ` of ${wallet.user_id}`}
    </>
  );
  return (
    <Facts
      of={[
        [
          'asked for by',
          asked_by_id === null ? (
            'nobody: it is a run'
          ) : (
            <a key="" href={at('/audit-log', { principal_id: asked_by_id })}>
              {asked_by}
            </a>
          ),
        ],
        ['asked', <Time key="" of={created_at} />],
        transfer !== undefined && ['reference', transfer.reference ?? '–'],
        transfer !== undefined && ['from', who(transfer.sender_wallet_id, sender)],
        transfer !== undefined && ['to', who(transfer.receiver_wallet_id, receiver)],
        sender !== undefined && ['the sender has', <Amount key="" of={sender.balance} in={sender.currency} names />],
        transfer_id !== undefined && ['transfer', <Id key="" of={transfer_id} to="/transfers" />],
        kind === 'batch' && ['batch, with its transfers', <Id key="" of={approval_id} to="/batches" />],
        kind === 'transaction' && ['transaction', <Id key="" of={approval_id} to="/transactions" />],
        case_id !== undefined && ['case', <Id key="" of={case_id} to="/cases" />],
        comment !== undefined && ['what was said', comment],
        kind === 'grant' && ['whose votes', principal],
        ['request hash', <Id key="" of={body_hash} />],
      ]}
    />
  );
}
