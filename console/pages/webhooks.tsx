/** The URLs to which events are delivered. */
import type { WebhookEndpoint } from '../../client/client.ts';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Age } from '../parts/time.tsx';

export function Webhooks() {
  return (
    <List
      title="Webhooks"
      ask={(client, query, signal) => client.webhookEndpoints.list(query, { signal })}
      columns={[
        { name: 'endpoint', of: (each: WebhookEndpoint) => <Id of={each.webhook_endpoint_id} to="/webhooks" /> },
        { name: 'status', of: ({ status, disabled_reason }) => <Status of={status} note={disabled_reason} /> },
        { name: 'URL', of: ({ url }) => url },
        { name: 'events', of: ({ types }) => types?.join(', ') ?? 'all' },
        { name: 'read up to', isNumber: true, of: ({ cursor }) => cursor },
        { name: 'failing since', of: ({ failing_since }) => <Age of={failing_since} /> },
      ]}
      idOf={({ webhook_endpoint_id }) => webhook_endpoint_id}
      empty="Nobody is told of events. An endpoint is made by npx counterpoise webhooks create."
    />
  );
}
