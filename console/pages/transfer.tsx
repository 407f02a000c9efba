/** One transfer: its state, what can be done about it, and its saga as a drawing and as tables. */
import type { Saga, Transfer } from '../../client/client.ts';
import { actionsOfTransfer, seenOfTransfer } from '../actions/transfer.ts';
import { Actions } from '../actions/actions.tsx';
import { useAnswer } from '../answer.ts';
import { ApprovalOf } from '../approval/of-transfer.tsx';
import { at, type Parameters } from '../router.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts, type Fact } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';
import { Advanced } from '../saga/advanced.tsx';
import { SagaDrawing } from '../saga/drawing.tsx';
import { Sources } from '../saga/sources.tsx';
import { SagaTables } from '../saga/tables.tsx';
import { advanceOf, afterAdvance, type Advance } from '../format/advance.ts';
import { inWords } from '../format/status.ts';
import { workflowOfTransfer } from '../format/workflow-of.ts';
import { Workflow } from '../parts/workflow.tsx';

const REFRESH_MS = 2_000;
const ENDS: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELED'];

export function TransferPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`transfer/${id}`, (client, signal) => client.transfers.timeline(id, { signal }), {
    refreshMs: REFRESH_MS,
    isOver: ({ transfer: { status, attention } }) => ENDS.includes(status) && attention === null,
  });
  return (
    <Thing title="Transfer" id={id} answer={answer}>
      {({ transfer, saga, sources, ...rest }) => (
        <>
          <Summary of={transfer} />
          <Attention of={transfer} advance={advanceOf(saga, transfer)} />
          <Advanced of={advanceOf(saga, transfer)} transfer={transfer} />
          <Actions
            of={afterAdvance(actionsOfTransfer(transfer), advanceOf(saga, transfer))}
            seen={seenOfTransfer(transfer)}
            onDone={answer.reload}
          />
          {saga.steps.some(({ step }) => step === 'AWAITING_APPROVAL') ? (
            <ApprovalOf id={transfer.transfer_id} status={transfer.status} />
          ) : null}
          <SagaDrawing of={saga} title={titleOf(transfer)} by="transfer" />
          <Sources of={transfer.status === 'AWAITING_APPROVAL' ? withoutTemporal(sources) : sources} />
          <SagaTables of={saga} />
          <h2>Details</h2>
          <Facts of={detailsOf(transfer, saga)} />
          <Json of={{ transfer, saga, sources, ...rest }} />
        </>
      )}
    </Thing>
  );
}

function Summary({ of: transfer }: { of: Transfer }) {
  const { status, failure_reason, amount, currency, sender_wallet_id, receiver_wallet_id, created_at } = transfer;
  return (
    <div class="summary">
      <span class="figure">
        <Amount of={amount} in={currency} names />
      </span>
      <Status of={status} note={failure_reason} />
      <span>
        <Id of={sender_wallet_id} to="/wallets" /> → <Id of={receiver_wallet_id} to="/wallets" />
      </span>
      <span class="quiet">
        <Age of={created_at} />
      </span>
    </div>
  );
}

function Attention({ of: { attention }, advance }: { of: Transfer; advance: Advance | undefined }) {
  if (attention === null) return null;
  const { case_id, reason, since, last_error } = attention;
  return (
    <div class="problem" role="alert">
      <p>
        {advance === undefined ? 'It needs a person' : 'It is not over'}: {inWords(reason)}, since <Time of={since} />.{' '}
        {case_id === null ? null : <a href={at(`/cases/${case_id}`)}>Open the case</a>}
      </p>
      {last_error === null ? null : <p class="quiet">{last_error}</p>}
    </div>
  );
}

/** There is nothing that it could know of what has not begun. */
function withoutTemporal(sources: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sources).filter(([name]) => name !== 'temporal'));
}

function titleOf({ status, amount, currency }: Transfer): string {
  return `The course of a transfer of ${amount} ${currency}, which is ${inWords(status)}. The tables below say the same.`;
}

function detailsOf(transfer: Transfer, saga: Saga): Fact[] {
  const workflowId = saga.workflow?.workflow_id ?? workflowOfTransfer(transfer);
  const advance = advanceOf(saga, transfer);
  const { recurring_transfer_id, batch_id, reverses_transfer_id, group_id } = transfer;
  return [
    ['accepted', <Time key="" of={transfer.created_at} finest />],
    transfer.status !== 'AWAITING_APPROVAL' && ['deadline', <Time key="" of={transfer.deadline_at} />],
    ['reference', transfer.reference ?? '–'],
    ['capture', transfer.capture_method],
    transfer.expires_at !== null && ['hold until', <Time key="" of={transfer.expires_at} />],
    transfer.scheduled_at !== null && ['scheduled for', <Time key="" of={transfer.scheduled_at} />],
    transfer.captured_amount !== null && [
      'captured',
      <Amount key="" of={transfer.captured_amount} in={transfer.currency} names />,
    ],
    transfer.released_amount !== null && [
      'released',
      <Amount key="" of={transfer.released_amount} in={transfer.currency} names />,
    ],
    advance !== undefined && ['advanced', <Amount key="" of={advance.amount} in={transfer.currency} names />],
    ['given back', <Amount key="" of={transfer.reversed_amount} in={transfer.currency} names />],
    reverses_transfer_id !== null && ['gives back', <Id key="" of={reverses_transfer_id} to="/transfers" />],
    recurring_transfer_id !== null && ['run of', <Id key="" of={recurring_transfer_id} to="/recurring" />],
    batch_id !== null && ['batch', <Id key="" of={batch_id} to="/batches" />],
    group_id !== null && ['group', <Id key="" of={group_id} whole />],
    workflowId !== undefined && ['workflow', <Workflow key="" of={workflowId} />],
    ...Object.entries(transfer.metadata).map(([key, value]): Fact => [key, value]),
  ];
}
