/** One event, as it is in the log for ever. */
import { useAnswer } from '../answer.ts';
import { at, type Parameters } from '../router.ts';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';

export function EventPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`event/${id}`, (client, signal) => client.events.get(Number(id), { signal }));
  return (
    <Thing title="Event" id={id} answer={answer}>
      {(event) => (
        <>
          <Facts
            of={[
              ['type', event.type],
              ['at', <Time key="" of={event.time} finest />],
              [
                'about',
                <a key="" href={at('/find', { q: event.subject })}>
                  {event.subject}
                </a>,
              ],
              ['id', <code key="">{event.id}</code>],
            ]}
          />
          <Json of={event} title="As CloudEvent" />
        </>
      )}
    </Thing>
  );
}
