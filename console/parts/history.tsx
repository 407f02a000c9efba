/** Who has decided what, and why, oldest first. */
import { inWords } from '../format/status.ts';
import { Table } from './table.tsx';
import { Time } from './time.tsx';

interface Decision {
  readonly action: string;
  readonly actor: string;
  readonly on_behalf_of?: string | null;
  readonly comment: string;
  readonly at: string;
}

export function History({ of }: { of: readonly Decision[] }) {
  if (of.length === 0) return <p class="quiet">Nothing yet.</p>;
  return (
    <Table
      caption="Decisions"
      rows={of}
      idOf={({ at, action }) => `${at}/${action}`}
      columns={[
        { name: 'at', of: ({ at }) => <Time of={at} /> },
        { name: 'what', of: ({ action }) => inWords(action) },
        { name: 'who', of: ({ actor, on_behalf_of: other }) => (other ? `${actor}, for ${other}` : actor) },
        { name: 'why', of: ({ comment }) => comment },
      ]}
    />
  );
}
