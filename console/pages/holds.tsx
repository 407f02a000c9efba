/** The money that holds have taken and that is not settled: transfers that are debited and wait for their capture. */
import type { Transfer } from '../../client/client.ts';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/table.tsx';
import { Age } from '../parts/time.tsx';
import { TRANSFER_COLUMNS } from './transfers.tsx';

const UNTIL: Column<Transfer> = { name: 'given back', of: ({ expires_at }) => <Age of={expires_at} /> };
const COLUMNS = [...TRANSFER_COLUMNS.slice(0, 2), UNTIL, ...TRANSFER_COLUMNS.slice(3)];

export function Holds() {
  return (
    <List
      title="Holds"
      filters={[{ name: 'wallet_id', label: 'Wallet', placeholder: 'its id' }]}
      // What is debited and no hold is on its way, and gone in a moment.
      ask={async (client, query, signal) => {
        const page = await client.transfers.list({ ...query, status: 'DEBITED' }, { signal });
        return { ...page, data: page.data.filter(({ capture_method }) => capture_method === 'manual') };
      }}
      columns={COLUMNS}
      idOf={({ transfer_id }) => transfer_id}
      empty="No money is held."
    />
  );
}
