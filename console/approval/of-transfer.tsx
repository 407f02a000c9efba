/** On the page of a transfer or a batch that waits for a second person, or has waited: how far that is, with the way to the votes. */
import { useAnswer } from '../answer.ts';
import { at } from '../router.ts';
import { Problem } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Age } from '../parts/time.tsx';
import { Votes } from './votes.tsx';

export function ApprovalOf({ id, status }: { id: string; status: string }) {
  const isWaiting = status === 'AWAITING_APPROVAL';
  const { data: approval, error } = useAnswer(
    `approval/${id}/${status}`,
    (client, signal) => client.approvals.get(id, { signal }),
    isWaiting ? { refreshMs: 3_000 } : {},
  );
  const link = <a href={at(`/approvals/${id}`)}>{isWaiting ? 'Decide it' : 'The approval'}</a>;
  return (
    <section aria-label="Approval">
      <h2>Approval</h2>
      {error === undefined ? null : <Problem of={error} />}
      {approval === undefined ? null : (
        <>
          <div class="summary">
            <Status of={approval.status} />
            <span>
              {approval.given} of {approval.needed} approvals
            </span>
            <span>
              {approval.asked_by === null ? 'a run, for which nobody has asked' : `asked for by ${approval.asked_by}`}
            </span>
            {isWaiting ? (
              <span class="quiet">
                expires <Age of={approval.expires_at} />
              </span>
            ) : null}
            {link}
          </div>
          {approval.votes.length === 0 ? null : <Votes of={approval.votes} />}
        </>
      )}
    </section>
  );
}
