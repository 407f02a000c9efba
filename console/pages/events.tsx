/** What happens, as it happens: the event log from now on, which can be paused and filtered. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Client, Event } from '../../client/client.ts';
import { inBrief } from '../format/in-brief.ts';
import { at, query } from '../router.ts';
import { client, noticeRefusal } from '../session.ts';
import { Filters } from '../parts/filters.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';

/** What is shown at most; older ones are in the log. */
const SHOWN_MAX = 200;
/** So many that have happened before are shown at first, so that the page is not empty. */
const FIRST = 50;
/** The page is drawn this often at most, however much happens. */
const DRAW_MS = 150;

type Line = 'connecting' | 'live' | 'broken off';

export function Events() {
  const types = query.value.get('types') ?? '';
  const subject = query.value.get('subject') ?? '';
  const [isPaused, setIsPaused] = useState(false);
  const { events, line, error } = useTail(types, subject, isPaused);
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
      {error === undefined ? null : <Problem of={error} />}
      {events.length === 0 ? (
        <p class="empty">Nothing has happened yet; it will appear here.</p>
      ) : (
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

/** The amount, the reason and the like; ids have columns and pages. */
function briefly(data: Event['data']): string {
  return Object.entries(data)
    .filter(([name]) => !name.endsWith('_id'))
    .map(([name, value]) => `${name} ${inBrief(value)}`)
    .join(', ');
}

/** Newest first. The stream comes back by itself behind the last event, so each is shown once also when the API was restarted. */
function useTail(types: string, subject: string, isPaused: boolean) {
  const [events, setEvents] = useState<readonly Event[]>([]);
  const [line, setLine] = useState<Line>('connecting');
  const [error, setError] = useState<unknown>(undefined);
  const last = useRef<number | undefined>(undefined);
  const asking = client.value;

  useEffect(() => {
    last.current = undefined;
    setEvents([]);
  }, [types, subject, asking]);

  useEffect(() => {
    if (isPaused) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    let waiting: Event[] = [];
    const draw = (): void => {
      if (waiting.length === 0) return;
      const newest = waiting.reverse();
      waiting = [];
      setEvents((before) => [...newest, ...before].slice(0, SHOWN_MAX));
    };
    const timer = setInterval(draw, DRAW_MS);
    const filter = {
      ...(types === '' ? {} : { types: types.split(',').map((type) => type.trim()) }),
      ...(subject === '' ? {} : { subject }),
    };
    const follow = async (): Promise<void> => {
      const after = last.current ?? (await placeToBegin(asking, signal));
      const options = { ...filter, signal, onOpen: () => setLine('live'), onBreak: () => setLine('broken off') };
      for await (const event of asking.events.stream({ ...options, ...(after === undefined ? {} : { after }) })) {
        last.current = event.position;
        waiting.push(event);
        if (waiting.length > SHOWN_MAX) waiting.shift();
      }
    };
    setLine('connecting');
    follow().catch((cause: unknown) => {
      if (signal.aborted) return;
      noticeRefusal(cause);
      setError(cause);
    });
    return () => {
      leaving.abort();
      clearInterval(timer);
      // What has come and is not drawn yet does not come again.
      draw();
    };
  }, [types, subject, isPaused, asking]);

  return { events, line, error };
}

/** Undefined, which is now, where nobody says how far the log is. */
async function placeToBegin(asking: Client, signal: AbortSignal): Promise<number | undefined> {
  const [projection] = await asking.projections.list({ signal });
  return projection === undefined ? undefined : Math.max(0, projection.head - FIRST);
}
