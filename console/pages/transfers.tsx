/** The transfers, newest first. */
import type { Transfer } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import type { Column } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';
import { metadataIn, TRANSFER_STATUSES } from '../format/filters.ts';

const FILTERS = [
  { name: 'status', label: 'Status', choices: TRANSFER_STATUSES },
  { name: 'wallet_id', label: 'Wallet', placeholder: 'its id' },
  { name: 'reference', label: 'Reference' },
  { name: 'metadata', label: 'Metadata', placeholder: 'key=value' },
  { name: 'amount_min', label: 'Amount from' },
  { name: 'amount_max', label: 'to' },
] as const;

export const TRANSFER_COLUMNS: readonly Column<Transfer>[] = [
  { name: 'transfer', of: ({ transfer_id }) => <Id of={transfer_id} to="/transfers" /> },
  { name: 'accepted', of: ({ created_at }) => <Time of={created_at} /> },
  {
    name: 'status',
    of: ({ status, failure_reason, attention }) => (
      <>
        <Status of={status} note={failure_reason} />
        {attention === null ? null : (
          <>
            {' '}
            <Status of="ATTENTION" />
          </>
        )}
      </>
    ),
  },
  { name: 'amount', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
  { name: '', of: ({ currency }) => currency },
  { name: 'from', of: ({ sender_wallet_id }) => <Id of={sender_wallet_id} to="/wallets" /> },
  { name: 'to', of: ({ receiver_wallet_id }) => <Id of={receiver_wallet_id} to="/wallets" /> },
  { name: 'reference', of: ({ reference }) => reference ?? <span class="none">–</span> },
];

export function Transfers() {
  return (
    <List
      title="Transfers"
      filters={FILTERS}
      ask={(client, query, signal) => client.transfers.list(metadataIn(query), { signal })}
      columns={TRANSFER_COLUMNS}
      idOf={({ transfer_id }) => transfer_id}
      empty="There are no transfers yet. One is made by POST /v1/transfers, or a hundred by npm run seed."
    />
  );
}
