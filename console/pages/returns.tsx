/** The returns, newest first. */
import type { Return } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Goods } from '../parts/goods.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { StatusAndAttention } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

const FILTERS = [
  { name: 'status', label: 'Status', choices: ['REQUESTED', 'RECEIVED', 'REFUNDED', 'REFUND_DUE'] },
  { name: 'attention', label: 'Needs a person', choices: ['true'] },
] as const;

export function Returns() {
  return (
    <List
      title="Returns"
      filters={FILTERS}
      ask={(client, query, signal) => client.returns.list(query, { signal })}
      columns={[
        { name: 'return', of: ({ return_id }: Return) => <Id of={return_id} to="/returns" /> },
        { name: 'announced', of: ({ created_at }) => <Time of={created_at} /> },
        {
          name: 'status',
          of: ({ status, attention }) => <StatusAndAttention of={status} attention={attention} />,
        },
        { name: 'goes back', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
        { name: '', of: ({ currency }) => currency },
        { name: 'goods', of: ({ lines }) => <Goods of={lines} /> },
        { name: 'order', of: ({ order_id }) => <Id of={order_id} to="/orders" /> },
      ]}
      idOf={({ return_id }) => return_id}
      empty="Nothing has been sent back yet."
    />
  );
}
