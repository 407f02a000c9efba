/** The comparisons of transfers, ledger and workflows, newest first. */
import type { ReconciliationRun } from '../../client/client.ts';
import { Actions } from '../actions/actions.tsx';
import { actionOf } from '../actions/action.ts';
import { go, at } from '../router.ts';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

const RUN = actionOf('createReconciliationRun', () => ({ body: { scope: 'all' as const } }), {
  title: 'Compare everything now',
  effect:
    'Transfers, ledger and workflows are compared. Workflows that are missing are started again; no money is moved otherwise.',
});

export function Reconciliation() {
  return (
    <List
      title="Reconciliation"
      beside={<Actions of={[RUN]} seen={{}} onDone={() => go(at('/reconciliation'))} />}
      ask={(client, query, signal) => client.reconciliationRuns.list(query, { signal })}
      columns={[
        { name: 'run', of: ({ run_id }: ReconciliationRun) => <Id of={run_id} to="/reconciliation" /> },
        { name: 'began', of: ({ started_at }) => <Time of={started_at} /> },
        { name: 'status', of: ({ status }) => <Status of={status} /> },
        { name: 'scope', of: ({ scope }) => scope },
        { name: 'looked at', isNumber: true, of: ({ checked }) => checked.toLocaleString('en') },
        { name: 'repaired', isNumber: true, of: ({ repaired }) => repaired },
        {
          name: 'disagree',
          isNumber: true,
          of: ({ found }) => <span class={found > 0 ? 'bad' : undefined}>{found}</span>,
        },
        { name: 'asked by', of: ({ trigger }) => trigger },
      ]}
      idOf={({ run_id }) => run_id}
      empty="The first run comes within five minutes."
    />
  );
}
