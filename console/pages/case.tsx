/** One case of a movement: what is wrong, what can be decided, and who has decided what. */
import type { CaseWithHistory, Client, Transfer } from '../../client/client.ts';
import { actionsOfCase, lookAtCase, seenOfCase } from '../actions/case.ts';
import { lookAtTransfer, resolutionsOf, seenOfTransfer } from '../actions/transfer.ts';
import { Actions } from '../actions/actions.tsx';
import { useAnswer } from '../answer.ts';
import type { Parameters } from '../router.ts';
import { advanceOf, afterAdvance, type Advance } from '../format/advance.ts';
import { inWords } from '../format/status.ts';
import { workflowOfTransfer } from '../format/workflow-of.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { History } from '../parts/history.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';
import { Advanced } from '../saga/advanced.tsx';

const REFRESH_MS = 3_000;

interface Shown {
  readonly about: CaseWithHistory;
  readonly transfer: Transfer | undefined;
  readonly advance?: Advance | undefined;
}

export function CasePage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`case/${id}`, (client, signal) => load(client, id, signal), {
    refreshMs: REFRESH_MS,
    isOver: ({ about }) => about.status === 'RESOLVED',
  });
  return (
    <Thing title="Case" id={id} answer={answer}>
      {(data) => <CaseFound of={data} reload={answer.reload} />}
    </Thing>
  );
}

/** A case of a transfer is decided with the transfer in view, and with what its sender has got. */
async function load(client: Client, caseId: string, signal: AbortSignal): Promise<Shown> {
  const about = await client.cases.get(caseId, { signal });
  if (about.transfer_id === null) return { about, transfer: undefined };
  if (about.status !== 'OPEN') return { about, transfer: await client.transfers.get(about.transfer_id, { signal }) };
  const { transfer, saga } = await client.transfers.timeline(about.transfer_id, { signal });
  return { about, transfer, advance: advanceOf(saga, transfer) };
}

function CaseFound({ of: { about, transfer, advance }, reload }: { of: Shown; reload: () => void }) {
  const isOpen = about.status === 'OPEN';
  const workflowId = transfer === undefined ? undefined : workflowOfTransfer(transfer);
  const isOfWorkflow = transfer !== undefined && transfer.attention !== null;
  return (
    <>
      <div class="summary">
        <Status of={about.status} />
        <span class="figure">{inWords(about.reason)}</span>
      </div>
      {about.last_error === null ? null : <p class="problem">{about.last_error}</p>}
      <Facts
        of={[
          transfer === undefined && ['about', <code key="">{about.subject}</code>],
          transfer !== undefined && ['transfer', <Id key="" of={transfer.transfer_id} to="/transfers" whole />],
          transfer !== undefined && ['its amount', <Amount key="" of={transfer.amount} in={transfer.currency} names />],
          transfer !== undefined && [
            'its status',
            <Status key="" of={transfer.status} note={transfer.failure_reason} />,
          ],
          about.transaction_id !== null && [
            'transaction',
            <Id key="" of={about.transaction_id} to="/transactions" whole />,
          ],
          workflowId !== undefined && ['workflow', <Workflow key="" of={workflowId} />],
          ['since', <Time key="" of={about.since} />],
          ['attempts', about.attempts],
          about.resolved_at !== null && ['resolved', <Time key="" of={about.resolved_at} />],
        ]}
      />
      {transfer === undefined ? null : <Advanced of={advance} transfer={transfer} />}
      {isOfWorkflow ? (
        <Actions
          of={(isOpen ? afterAdvance(resolutionsOf(transfer), advance) : []).map((action) => ({
            ...action,
            look: lookAtTransfer(transfer.transfer_id),
          }))}
          seen={seenOfTransfer(transfer)}
          onDone={reload}
        />
      ) : (
        <Actions
          of={(isOpen ? actionsOfCase(about) : []).map((action) => ({ ...action, look: lookAtCase(about.case_id) }))}
          seen={seenOfCase(about)}
          onDone={reload}
        />
      )}
      <h2>What was decided</h2>
      <History of={about.history} />
      <Json of={{ case: about, transfer }} />
    </>
  );
}
