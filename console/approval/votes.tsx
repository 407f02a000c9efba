/** Who has voted how, and why, oldest first. */
import type { ApprovalWithVotes } from '../../client/client.ts';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';

type Vote = ApprovalWithVotes['votes'][number];

export function Votes({ of }: { of: readonly Vote[] }) {
  if (of.length === 0) return <p class="quiet">Nobody has voted yet.</p>;
  return (
    <Table
      caption="Votes"
      rows={of}
      idOf={({ principal_id, vote, at }) => `${principal_id}/${vote}/${at}`}
      columns={[
        { name: 'who', of: ({ principal }: Vote) => principal },
        {
          name: 'vote',
          of: ({ vote, counts }) => <Status of={vote} note={counts ? null : 'under a former policy, counts no more'} />,
        },
        { name: 'why', of: ({ comment }) => comment },
        { name: 'at', of: ({ at }) => <Time of={at} /> },
      ]}
    />
  );
}
