/** What waits for a person, and what has waited: of movements, or of orders. */
import type { Case, OrderCase } from '../../client/client.ts';
import { inWords } from '../format/status.ts';
import { formatDuration } from '../format/time.ts';
import { at, query } from '../router.ts';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Age } from '../parts/time.tsx';

const FILTERS = [{ name: 'status', label: 'Status', choices: ['OPEN', 'RESOLVED'] }] as const;

export function Cases() {
  const isOfOrders = query.value.get('of') === 'orders';
  return isOfOrders ? <OrderCases /> : <MovementCases />;
}

function Kinds({ isOfOrders }: { isOfOrders: boolean }) {
  return (
    <nav aria-label="Kinds of cases">
      <a href={at('/cases')} aria-current={isOfOrders ? undefined : 'page'}>
        of movements
      </a>{' '}
      ·{' '}
      <a href={at('/cases', { of: 'orders' })} aria-current={isOfOrders ? 'page' : undefined}>
        of orders
      </a>
    </nav>
  );
}

function MovementCases() {
  return (
    <List
      title="Cases"
      beside={<Kinds isOfOrders={false} />}
      filters={FILTERS}
      ask={(client, asked, signal) => client.cases.list(asked, { signal })}
      columns={[
        { name: 'case', of: ({ case_id }: Case) => <Id of={case_id} to="/cases" /> },
        { name: 'status', of: ({ status }) => <Status of={status} /> },
        { name: 'reason', of: ({ reason }) => inWords(reason) },
        { name: 'about', of: ({ subject }) => <Subject of={subject} /> },
        { name: 'since', of: ({ since }) => <Age of={since} /> },
        { name: 'attempts', isNumber: true, of: ({ attempts }) => attempts },
        { name: 'last error', of: ({ last_error }) => last_error ?? <span class="none">–</span> },
      ]}
      idOf={({ case_id }) => case_id}
      empty="Nothing waits for a person, and nothing has."
      above={({ open_count, oldest_open_age_seconds: age }) => (
        <p class={open_count > 0 ? 'bad' : 'quiet'}>
          {open_count === 0
            ? 'None is open.'
            : `${open_count} open, the oldest for ${formatDuration((age ?? 0) * 1_000)}.`}
        </p>
      )}
    />
  );
}

/** `transfer/…`, `shard/1` … as the API names them. */
function Subject({ of: subject }: { of: string }) {
  const [kind = '', id = ''] = subject.split('/');
  return (
    <>
      {kind} <Id of={id} />
    </>
  );
}

function OrderCases() {
  return (
    <List
      title="Cases of orders"
      beside={<Kinds isOfOrders />}
      filters={FILTERS}
      ask={(client, asked, signal) => client.orders.cases({ ...asked, of: undefined } as object, { signal })}
      columns={[
        { name: 'case', of: ({ case_id }: OrderCase) => <Id of={case_id} to="/order-cases" /> },
        { name: 'status', of: ({ status }) => <Status of={status} /> },
        { name: 'reason', of: ({ reason }) => inWords(reason) },
        { name: 'order', of: ({ order_id }) => <Id of={order_id} to="/orders" /> },
        { name: 'since', of: ({ opened_at }) => <Age of={opened_at} /> },
        { name: 'last error', of: ({ last_error }) => last_error ?? <span class="none">–</span> },
      ]}
      idOf={({ case_id }) => case_id}
      empty="No order waits for a person, and none has."
    />
  );
}
