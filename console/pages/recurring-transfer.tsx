/** One recurring transfer: its next runs in its own zone and in UTC, what it has done, and what it has missed. */
import type { RecurringTransferDetails, RecurringTransferRun } from '../../client/client.ts';
import { actionsOfRecurring, lookAtRecurring, seenOfRecurring } from '../actions/recurring.ts';
import { Actions } from '../actions/actions.tsx';
import { useAnswer } from '../answer.ts';
import type { Parameters } from '../router.ts';
import { rhythmOf } from '../format/rhythm.ts';
import { formatTime } from '../format/time.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';

const NEXT_MAX = 5;

export function RecurringTransferPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`recurring/${id}`, (client, signal) => client.recurringTransfers.get(id, { signal }));
  return (
    <Thing title="Recurring transfer" id={id} answer={answer}>
      {(recurring) => (
        <>
          <div class="summary">
            <span class="figure">
              <Amount of={recurring.amount} in={recurring.currency} names />
            </span>
            <Status of={recurring.status} />
            <span>{rhythmOf(recurring)}</span>
          </div>
          <Actions
            of={actionsOfRecurring(recurring).map((action) => ({ ...action, look: lookAtRecurring(id) }))}
            seen={seenOfRecurring(recurring)}
            onDone={answer.reload}
          />
          <Facts
            of={[
              ['from', <Id key="" of={recurring.sender_wallet_id} to="/wallets" whole />],
              ['to', <Id key="" of={recurring.receiver_wallet_id} to="/wallets" whole />],
              ['begins', <Time key="" of={recurring.starts_at} />],
              ['ends', <Time key="" of={recurring.ends_at} />],
              ['reference', recurring.reference ?? '–'],
              ['schedule', recurring.schedule ?? 'not known'],
            ]}
          />
          <NextRuns of={recurring} />
          <h2>Runs</h2>
          {recurring.last_runs.length === 0 ? (
            <p class="quiet">None yet.</p>
          ) : (
            <Table
              caption="Runs"
              rows={recurring.last_runs}
              idOf={({ transfer_id }) => transfer_id}
              columns={[
                { name: 'transfer', of: (run: RecurringTransferRun) => <Id of={run.transfer_id} to="/transfers" /> },
                {
                  name: 'for',
                  of: ({ scheduled_for }) => (scheduled_for === null ? 'by hand' : <Time of={scheduled_for} />),
                },
                { name: 'accepted', of: ({ accepted_at }) => <Time of={accepted_at} /> },
                { name: 'status', of: ({ status, failure_reason }) => <Status of={status} note={failure_reason} /> },
              ]}
            />
          )}
          {recurring.skipped_runs.length === 0 ? null : (
            <>
              <h2>Missed, and not caught up</h2>
              <ul>
                {recurring.skipped_runs.map((time) => (
                  <li key={time}>
                    <Time of={time} />
                  </li>
                ))}
              </ul>
            </>
          )}
          <Json of={recurring} />
        </>
      )}
    </Thing>
  );
}

function NextRuns({ of: { next_runs, time_zone } }: { of: RecurringTransferDetails }) {
  return (
    <>
      <h2>Next runs</h2>
      {next_runs === null ? (
        <p class="quiet">Temporal, which computes them, does not answer.</p>
      ) : next_runs.length === 0 ? (
        <p class="quiet">None.</p>
      ) : (
        <Table
          caption="Next runs"
          rows={next_runs.slice(0, NEXT_MAX)}
          idOf={(time) => time}
          columns={[
            { name: time_zone, of: (time) => formatTime(time, time_zone) },
            // The same name twice is no column that one can tell from the other.
            ...(time_zone === 'UTC' ? [] : [{ name: 'UTC', of: (time: string) => formatTime(time, 'UTC') }]),
            { name: '', of: (time) => <Age of={time} /> },
          ]}
        />
      )}
    </>
  );
}
