/** The transfers that are made again and again. */
import type { RecurringTransfer } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { rhythmOf } from '../format/rhythm.ts';

export function Recurring() {
  return (
    <List
      title="Recurring"
      ask={(client, query, signal) => client.recurringTransfers.list(query, { signal })}
      columns={[
        {
          name: 'recurring transfer',
          of: (each: RecurringTransfer) => <Id of={each.recurring_transfer_id} to="/recurring" />,
        },
        { name: 'status', of: ({ status }) => <Status of={status} /> },
        { name: 'when', of: rhythmOf },
        { name: 'amount', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
        { name: '', of: ({ currency }) => currency },
        { name: 'from', of: ({ sender_wallet_id }) => <Id of={sender_wallet_id} to="/wallets" /> },
        { name: 'to', of: ({ receiver_wallet_id }) => <Id of={receiver_wallet_id} to="/wallets" /> },
        { name: 'reference', of: ({ reference }) => reference ?? <span class="none">–</span> },
      ]}
      idOf={({ recurring_transfer_id }) => recurring_transfer_id}
      empty="Nothing recurs."
    />
  );
}
