/** One comparison, and what disagreed. */
import { useAnswer } from '../answer.ts';
import { inWords } from '../format/status.ts';
import type { Parameters } from '../router.ts';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';

export function ReconciliationRunPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`run/${id}`, (client, signal) => client.reconciliationRuns.get(id, { signal }), {
    refreshMs: 2_000,
    isOver: ({ status }) => status !== 'RUNNING',
  });
  return (
    <Thing title="Reconciliation run" id={id} answer={answer}>
      {(run) => (
        <>
          <div class="summary">
            <Status of={run.status} />
          </div>
          <Facts
            of={[
              ['changes from', <Time key="" of={run.from} />],
              ['to', <Time key="" of={run.to} />],
              ['began', <Time key="" of={run.started_at} />],
              ['ended', <Time key="" of={run.finished_at} />],
              ['looked at', run.checked.toLocaleString('en')],
              ['repaired', run.repaired],
              ['cases opened', run.cases_opened],
              ['cases closed', run.cases_closed],
              ['workflow', <Workflow key="" of={`reconciliation/${id}`} />],
              run.error !== null && ['error', run.error],
            ]}
          />
          <h2>What disagreed</h2>
          {run.findings.length === 0 ? (
            <p class="quiet">Nothing.</p>
          ) : (
            <Table
              caption="Findings"
              rows={run.findings}
              idOf={({ subject, reason }) => `${subject}/${reason}`}
              columns={[
                { name: 'about', of: ({ subject }) => <code>{subject}</code> },
                { name: 'what', of: ({ reason }) => inWords(reason) },
                { name: 'detail', of: ({ detail }) => detail },
              ]}
            />
          )}
          <Json of={run} />
        </>
      )}
    </Thing>
  );
}
