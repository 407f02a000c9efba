/** What moves the money: what is under way, who works, what lags, and when the books were last compared. */
import type { Overview } from '../../client/client.ts';
import { formatDuration } from '../format/time.ts';
import { inWords } from '../format/status.ts';
import { at } from '../router.ts';
import { Status } from '../parts/status.tsx';
import { Age } from '../parts/time.tsx';

export function Machinery({ of: overview }: { of: Overview }) {
  return (
    <>
      <h2>Machinery</h2>
      <div class="panels wide">
        <UnderWay of={overview.under_way} />
        <Workers of={overview} />
        <Lag of={overview.lag} />
        <LastRun of={overview.reconciliation} />
      </div>
    </>
  );
}

function UnderWay({ of }: { of: Overview['under_way'] }) {
  return (
    <section class="panel">
      <h3>Under way</h3>
      {of.length === 0 ? <p class="quiet">Nothing.</p> : null}
      <ul>
        {of.map(({ kind, status, count, oldest_age_seconds, stuck }) => (
          <li key={kind + status}>
            <span>
              {count} {inWords(kind)}
              {count === 1 ? '' : 's'} <Status of={status} />
            </span>
            <span class={stuck > 0 ? 'bad' : 'quiet'}>
              {stuck > 0 ? `${stuck} stuck` : ageInWords(oldest_age_seconds)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Nothing of what has only come, or is scheduled and not due. */
function ageInWords(seconds: number): string {
  return seconds === 0 ? '' : `oldest ${formatDuration(seconds * 1_000)}`;
}

function Workers({ of: { workers, queues } }: { of: Overview }) {
  const waitingIn = new Map(queues.map(({ queue, waiting }) => [queue, waiting]));
  return (
    <section class="panel">
      <h3>Workers</h3>
      <ul>
        {workers.map(({ name, status, reason }) => (
          <li key={name}>
            <span>{name}</span>
            <Status of={status} note={reason ?? backlogOf(waitingIn, name)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function backlogOf(waitingIn: ReadonlyMap<string, number>, worker: string): string | undefined {
  const waiting = waitingIn.get(worker.replace('-worker', '')) ?? 0;
  return waiting === 0 ? undefined : `${waiting} waiting`;
}

function Lag({ of }: { of: Overview['lag'] }) {
  return (
    <section class="panel">
      <h3>Events</h3>
      <ul>
        {of.map(({ name, events, seconds, is_stopped }) => (
          <li key={name}>
            <span>{name}</span>
            {is_stopped ? (
              <Status of="STOPPED" />
            ) : events === 0 ? (
              <span class="quiet">nothing waits</span>
            ) : (
              <span class="wait">
                {events} wait, {formatDuration(seconds * 1_000)}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function LastRun({ of }: { of: Overview['reconciliation'] }) {
  return (
    <section class="panel">
      <h3>Last reconciliation</h3>
      {of === null ? (
        <p class="quiet">None yet.</p>
      ) : (
        <ul>
          <li>
            <a href={at(`/reconciliation/${of.run_id}`)}>
              <Age of={of.finished_at} />
            </a>
            <Status of={of.status} />
          </li>
          <li>
            <span class="quiet">looked at</span>
            <span>{of.checked.toLocaleString('en')}</span>
          </li>
          <li>
            <span class="quiet">repaired</span>
            <span>{of.repaired}</span>
          </li>
          <li>
            <span class="quiet">disagree</span>
            <span class={of.found > 0 ? 'bad' : undefined}>{of.found}</span>
          </li>
        </ul>
      )}
    </section>
  );
}
