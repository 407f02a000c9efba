/** What waits for a second person, or all that ever has, newest first. */
import type { Approval } from '../../client/client.ts';
import { ApprovalKinds } from '../approval/kinds.tsx';
import { personsOf, reasonInWords } from '../format/policy-words.ts';
import { inWords } from '../format/status.ts';
import { query } from '../router.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import type { Column } from '../parts/table.tsx';
import { Age, Time } from '../parts/time.tsx';

const STATUSES = [
  'AWAITING',
  'APPROVED',
  'OVERRIDDEN',
  'REJECTED',
  'EXPIRED',
  'WITHDRAWN',
] satisfies Approval['status'][];
const FILTERS = [{ name: 'status', label: 'Status', choices: STATUSES }] as const;

const WHICH: readonly Column<Approval>[] = [
  { name: 'approval', of: ({ approval_id }) => <Id of={approval_id} to="/approvals" /> },
  { name: 'of', of: ({ kind }) => inWords(kind) },
  {
    name: 'amount',
    isNumber: true,
    of: ({ amount, currency }) => (amount === null ? '–' : <Amount of={amount} in={currency} />),
  },
  { name: '', of: ({ currency }) => currency },
  { name: 'asked for by', of: ({ asked_by }) => asked_by ?? <span class="quiet">nobody: a run</span> },
  { name: 'because of', of: reasonInWords },
  { name: 'approvals', isNumber: true, of: ({ given, needed }) => `${given} of ${needed}` },
];

const WAITING: readonly Column<Approval>[] = [
  ...WHICH,
  { name: 'still needs', of: ({ given, needed }) => personsOf(Math.max(1, needed - given)) },
  { name: 'waits since', of: ({ created_at }) => <Age of={created_at} /> },
  { name: 'expires', of: ({ expires_at }) => <Age of={expires_at} /> },
];

const ALL: readonly Column<Approval>[] = [
  ...WHICH,
  { name: 'status', of: ({ status }) => <Status of={status} /> },
  { name: 'asked', of: ({ created_at }) => <Time of={created_at} /> },
  { name: 'decided', of: ({ decided_at }) => <Time of={decided_at} /> },
];

export function Approvals() {
  const isAll = query.value.get('of') === 'all';
  return (
    <List
      key={String(isAll)}
      title={isAll ? 'All approvals' : 'Approvals'}
      beside={<ApprovalKinds shown={isAll ? 'all' : 'waiting'} />}
      filters={isAll ? FILTERS : []}
      ask={(client, asked, signal) =>
        client.approvals.list({ ...asked, of: undefined, ...(isAll ? {} : { status: 'AWAITING' }) } as object, {
          signal,
        })
      }
      columns={isAll ? ALL : WAITING}
      idOf={({ approval_id }) => approval_id}
      empty={
        isAll
          ? 'Nothing has waited for a second person yet. A policy says what does.'
          : 'Nothing waits for a second person.'
      }
    />
  );
}
