/** One case of an order: what keeps failing, and what can be decided. */
import type { OrderCaseWithHistory } from '../../client/client.ts';
import { actionsOfOrderCase } from '../actions/case.ts';
import { Actions } from '../actions/actions.tsx';
import { useAnswer } from '../answer.ts';
import type { Parameters } from '../router.ts';
import { inWords } from '../format/status.ts';
import type { Seen } from '../format/difference.ts';
import { Facts } from '../parts/facts.tsx';
import { History } from '../parts/history.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';

export function OrderCasePage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`order-case/${id}`, (client, signal) => client.orders.getCase(id, { signal }));
  return (
    <Thing title="Case of an order" id={id} answer={answer}>
      {(about) => (
        <>
          <div class="summary">
            <Status of={about.status} />
            <span class="figure">{inWords(about.reason)}</span>
          </div>
          {about.last_error === null ? null : <p class="problem">{about.last_error}</p>}
          <Facts
            of={[
              ['order', <Id key="" of={about.order_id} to="/orders" whole />],
              ['workflow', <Workflow key="" of={`order/${about.order_id}`} />],
              ['opened', <Time key="" of={about.opened_at} />],
              about.closed_at !== null && ['closed', <Time key="" of={about.closed_at} />],
            ]}
          />
          <Actions
            of={(about.status === 'OPEN' ? actionsOfOrderCase(about) : []).map((action) => ({
              ...action,
              look: async (client) => seenOf(await client.orders.getCase(id)),
            }))}
            seen={seenOf(about)}
            onDone={answer.reload}
          />
          <h2>What was decided</h2>
          <History of={about.history} />
          <Json of={about} />
        </>
      )}
    </Thing>
  );
}

function seenOf({ status, reason }: OrderCaseWithHistory): Seen {
  return { status, reason };
}
