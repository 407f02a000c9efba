/** One endpoint: what was not delivered at first, and how to have it sent again. */
import type { WebhookDelivery } from '../../client/client.ts';
import { Actions } from '../actions/actions.tsx';
import { actionsOfWebhook, seenOfWebhook } from '../actions/webhook.ts';
import { useAnswer } from '../answer.ts';
import { query, type Parameters } from '../router.ts';
import { Facts } from '../parts/facts.tsx';
import { Filters } from '../parts/filters.tsx';
import { Json } from '../parts/json.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';

const REFRESH_MS = 5_000;

export function WebhookPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`webhook/${id}`, (client, signal) => client.webhookEndpoints.get(id, { signal }), {
    refreshMs: REFRESH_MS,
  });
  return (
    <Thing title="Webhook endpoint" id={id} answer={answer}>
      {(endpoint) => (
        <>
          <div class="summary">
            <Status of={endpoint.status} note={endpoint.disabled_reason} />
            <span>{endpoint.url}</span>
          </div>
          <Actions of={actionsOfWebhook(endpoint)} seen={seenOfWebhook(endpoint)} onDone={answer.reload} />
          <Facts
            of={[
              ['events', endpoint.types?.join(', ') ?? 'all'],
              ['order', endpoint.ordering === 'subject' ? 'kept for each subject' : 'not kept'],
              ['read up to', endpoint.cursor],
              ['failing since', <Time key="" of={endpoint.failing_since} />],
            ]}
          />
          <Deliveries endpointId={id} />
          <Json of={endpoint} />
        </>
      )}
    </Thing>
  );
}

function Deliveries({ endpointId }: { endpointId: string }) {
  const status = query.value.get('status');
  const { data: page, error } = useAnswer(
    `deliveries/${endpointId}/${status}`,
    (client, signal) =>
      client.webhookEndpoints.deliveries(
        endpointId,
        { limit: 50, ...(status === null ? {} : { status: status as WebhookDelivery['status'] }) },
        { signal },
      ),
    { refreshMs: REFRESH_MS },
  );
  return (
    <>
      <h2>Not delivered at first</h2>
      <Filters of={[{ name: 'status', label: 'Status', choices: ['PENDING', 'DELIVERED', 'FAILED'] }]} />
      {error === undefined ? null : <Problem of={error} />}
      {page === undefined ? null : page.data.length === 0 ? (
        <p class="quiet">Everything was delivered at the first attempt.</p>
      ) : (
        <Table
          caption="Deliveries"
          keepsPlace
          rows={page.data}
          idOf={({ position }) => String(position)}
          columns={[
            { name: 'position', isNumber: true, of: ({ position }) => position },
            { name: 'event', of: ({ type }) => type },
            { name: 'status', of: (each) => <Status of={each.status} /> },
            { name: 'attempts', isNumber: true, of: ({ attempt_count }) => attempt_count },
            { name: 'last answer', of: (each) => each.last_status_code ?? each.last_error_code ?? '–' },
            { name: 'next attempt', of: ({ next_attempt_at }) => <Age of={next_attempt_at} /> },
          ]}
        />
      )}
    </>
  );
}
