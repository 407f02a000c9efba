/** The batches, newest first, and the way to a new one. */
import type { TransferBatch } from '../../client/client.ts';
import { at } from '../router.ts';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

export function Batches() {
  return (
    <List
      title="Batches"
      beside={<a href={at('/batches/new')}>New from CSV</a>}
      ask={(client, query, signal) => client.transferBatches.list(query, { signal })}
      columns={[
        { name: 'batch', of: ({ batch_id }: TransferBatch) => <Id of={batch_id} to="/batches" /> },
        { name: 'accepted', of: ({ created_at }) => <Time of={created_at} /> },
        { name: 'status', of: ({ status, attention }) => <Status of={attention === null ? status : 'ATTENTION'} /> },
        { name: 'transfers', isNumber: true, of: ({ counts }) => counts.total },
        { name: 'completed', isNumber: true, of: ({ counts }) => counts.completed },
        {
          name: 'failed',
          isNumber: true,
          of: ({ counts: { failed } }) => <span class={failed > 0 ? 'bad' : undefined}>{failed}</span>,
        },
        { name: 'pending', isNumber: true, of: ({ counts }) => counts.pending },
      ]}
      idOf={({ batch_id }) => batch_id}
      empty="There are no batches yet."
    />
  );
}
