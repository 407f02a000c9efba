/** The orders, newest first. */
import type { Order } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Goods } from '../parts/goods.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { StatusAndAttention } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

const FILTERS = [
  { name: 'status', label: 'Status', choices: ['PENDING', 'CONFIRMED', 'COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'] },
  { name: 'buyer_wallet_id', label: 'Buyer', placeholder: 'its wallet' },
  { name: 'attention', label: 'Needs a person', choices: ['true'] },
  { name: 'compensating', label: 'Being undone', choices: ['true'] },
] as const;

export function Orders() {
  return (
    <List
      title="Orders"
      filters={FILTERS}
      ask={(client, query, signal) => client.orders.list(query, { signal })}
      columns={[
        { name: 'order', of: ({ order_id }: Order) => <Id of={order_id} to="/orders" /> },
        { name: 'placed', of: ({ created_at }) => <Time of={created_at} /> },
        {
          name: 'status',
          of: ({ status, cancel_reason, attention }) => (
            <StatusAndAttention of={status} note={cancel_reason} attention={attention} />
          ),
        },
        {
          name: 'total',
          isNumber: true,
          of: ({ total_amount, currency }) => <Amount of={total_amount} in={currency} />,
        },
        { name: '', of: ({ currency }) => currency },
        { name: 'goods', of: ({ lines }) => <Goods of={lines} /> },
        { name: 'buyer', of: ({ buyer_wallet_id }) => <Id of={buyer_wallet_id} to="/wallets" /> },
      ]}
      idOf={({ order_id }) => order_id}
      empty="There are no orders yet."
    />
  );
}
