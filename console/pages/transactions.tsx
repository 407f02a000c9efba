/** Money into wallets from outside, and out of them, newest first. */
import type { Transaction } from '../../client/client.ts';
import { metadataIn } from '../format/filters.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

const FILTERS = [
  { name: 'status', label: 'Status', choices: ['AWAITING_APPROVAL', 'PENDING', 'PROCESSED', 'FAILED'] },
  { name: 'wallet_id', label: 'Wallet', placeholder: 'its id' },
  { name: 'reference', label: 'Reference' },
  { name: 'metadata', label: 'Metadata', placeholder: 'key=value' },
] as const;

export function Transactions() {
  return (
    <List
      title="Transactions"
      filters={FILTERS}
      ask={(client, query, signal) => client.transactions.list(metadataIn(query), { signal })}
      columns={[
        { name: 'transaction', of: ({ transaction_id }: Transaction) => <Id of={transaction_id} to="/transactions" /> },
        { name: 'accepted', of: ({ created_at }) => <Time of={created_at} /> },
        { name: 'status', of: ({ status, failure_reason }) => <Status of={status} note={failure_reason} /> },
        { name: 'way', of: ({ type }) => (type === 'CREDIT' ? 'in' : 'out') },
        { name: 'amount', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
        { name: '', of: ({ currency }) => currency },
        { name: 'wallet', of: ({ wallet_id }) => <Id of={wallet_id} to="/wallets" /> },
        { name: 'reference', of: ({ reference }) => reference ?? <span class="none">–</span> },
      ]}
      idOf={({ transaction_id }) => transaction_id}
      empty="No money has come in from outside yet."
    />
  );
}
