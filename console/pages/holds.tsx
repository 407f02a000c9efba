/** The money that holds have taken and that is not settled: transfers that are debited and wait for their capture. */
import type { Transfer } from '../../client/client.ts';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/table.tsx';
import { Age } from '../parts/time.tsx';
import { TRANSFER_COLUMNS } from './transfers.tsx';

const UNTIL: Column<Transfer> = { name: 'given back', of: ({ expires_at }) => <Age of={expires_at} /> };
const COLUMNS = [...TRANSFER_COLUMNS.slice(0, 2), UNTIL, ...TRANSFER_COLUMNS.slice(3)];

const PAGES_MAX = 20;

export function Holds() {
  return (
    <List
      title="Holds"
      filters={[{ name: 'wallet_id', label: 'Wallet', placeholder: 'its id' }]}
      ask={async (client, query, signal) => {
        // What is debited and no hold is gone in a moment, unless much is stuck: then the holds are among what is older.
        for (let cursor = query.cursor, pages = 1; ; pages += 1) {
          const asked = { ...query, ...(cursor === undefined ? {} : { cursor }), status: 'DEBITED' as const };
          const page = await client.transfers.list(asked, { signal });
          const data = page.data.filter(({ capture_method }) => capture_method === 'manual');
          if (data.length > 0 || page.next_cursor === null || pages === PAGES_MAX) return { ...page, data };
          cursor = page.next_cursor;
        }
      }}
      columns={COLUMNS}
      idOf={({ transfer_id }) => transfer_id}
      empty={({ next_cursor }) =>
        next_cursor === null
          ? 'No money is held.'
          : 'None of the newest debited transfers is a hold: these wait for something else. There may be older ones.'
      }
    />
  );
}
