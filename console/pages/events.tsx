/** What happens, as it happens: the event log from now on, which can be paused and filtered. */
import { useState } from 'preact/hooks';
import type { Event } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { useTail } from '../events/tail.ts';
import { CAUGHT_UP_MAX, typesIn, unknownTypes } from '../format/event-place.ts';
import { inBrief } from '../format/in-brief.ts';
import { at, query } from '../router.ts';
import { Filters } from '../parts/filters.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';

export function Events() {
  const types = query.value.get('types') ?? '';
  const subject = query.value.get('subject') ?? '';
  const [isPaused, setIsPaused] = useState(false);
  const { events, line, error, passedOver, reload } = useTail(types, subject, isPaused);
  const unknown = useUnknownTypes(types);
  return (
    <>
      <header class="title">
        <h1>Events</h1>
        {isPaused ? <Status of="paused" as="wait" /> : <Status of={line} as={line === 'live' ? 'good' : 'wait'} />}
        <button type="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </header>
      <Filters
        of={[
          { name: 'types', label: 'Types', placeholder: 'transfer.failed,…' },
          { name: 'subject', label: 'About', placeholder: 'a wallet or movement' },
        ]}
      />
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {unknown.length === 0 ? null : (
        <p class="problem" role="alert">
          {`There is no type ${unknown.join(', ')}: no such event can come. All types: GET /v1/event-types.`}
        </p>
      )}
      {passedOver === 0 ? null : <PassedOver count={passedOver} />}
      {events.length === 0 && error === undefined && unknown.length === 0 ? (
        <p class="empty">
          {types + subject === ''
            ? 'Nothing has happened yet; it will appear here.'
            : 'Nothing that fits has happened lately; what does will appear here.'}
        </p>
      ) : null}
      {events.length === 0 ? null : (
        <Table
          caption="Events, newest first"
          rows={events}
          idOf={({ position }) => String(position)}
          columns={[
            {
              name: 'position',
              isNumber: true,
              of: ({ position }: Event) => <a href={at(`/events/${position}`)}>{position}</a>,
            },
            { name: 'at', of: ({ time }) => <Time of={time} finest /> },
            { name: 'type', of: ({ type }) => type },
            {
              name: 'about',
              of: ({ subject: about }) => (
                <a class="id" href={at('/find', { q: about })} title={about}>
                  {about}
                </a>
              ),
            },
            { name: 'says', of: ({ data }) => <code>{briefly(data)}</code> },
          ]}
        />
      )}
    </>
  );
}

function PassedOver({ count }: { count: number }) {
  const [left, read] = [count, CAUGHT_UP_MAX].map((each) => each.toLocaleString('en'));
  return (
    <p class="quiet" role="status">
      {`So much has happened during the pause that the last ${read} positions alone are looked through. `}
      {`${left} before them are in the log: GET /v1/events.`}
    </p>
  );
}

/** The amount, the reason and the like; ids have columns and pages. */
function briefly(data: Event['data']): string {
  return Object.entries(data)
    .filter(([name]) => !name.endsWith('_id'))
    .map(([name, value]) => `${name} ${inBrief(value)}`)
    .join(', ');
}

/** The types of a filter that no event can have. */
function useUnknownTypes(types: string): readonly string[] {
  const asked = typesIn(types);
  const { data: known } = useAnswer(`event types ${asked.length > 0}`, async (client, signal) =>
    asked.length === 0 ? undefined : (await client.events.types({ signal })).map(({ type }) => type),
  );
  return known === undefined ? [] : unknownTypes(asked, known);
}
