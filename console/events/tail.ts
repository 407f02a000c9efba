/** The event log from now on, newest first. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Client, Event } from '../../client/client.ts';
import { placeToBegin, typesIn } from '../format/event-place.ts';
import { client, noticeRefusal } from '../session.ts';

/** What is shown at most; older ones are in the log. */
const SHOWN_MAX = 200;
/** The page is drawn this often at most, however much happens. */
const DRAW_MS = 150;

export type Line = 'connecting' | 'live' | 'broken off';

/**
 * The stream comes back by itself behind the last event, so each is shown once also when the API was restarted. It is followed
 * from one place on, which a pause does not move: what happens meanwhile is shown afterwards, but for the oldest of too much.
 */
export function useTail(types: string, subject: string, isPaused: boolean) {
  const [events, setEvents] = useState<readonly Event[]>([]);
  const [line, setLine] = useState<Line>('connecting');
  const [error, setError] = useState<unknown>(undefined);
  const [passedOver, setPassedOver] = useState(0);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  /** Everything up to it was looked at. */
  const last = useRef<number | undefined>(undefined);
  const asking = client.value;

  useEffect(() => {
    last.current = undefined;
    setEvents([]);
    setPassedOver(0);
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
      ...(typesIn(types).length === 0 ? {} : { types: typesIn(types) }),
      ...(subject === '' ? {} : { subject }),
    };
    const follow = async (): Promise<void> => {
      const head = await headOf(asking, signal);
      const place = head === undefined ? undefined : placeToBegin(last.current, head);
      if (place !== undefined) {
        last.current = place.after;
        setPassedOver((before) => before + place.passedOver);
      }
      const opened = (): void => {
        setLine('live');
        setError(undefined);
      };
      const options = { ...filter, signal, onOpen: opened, onBreak: () => setLine('broken off') };
      const after = last.current === undefined ? {} : { after: last.current };
      for await (const event of asking.events.stream({ ...options, ...after })) {
        last.current = event.position;
        waiting.push(event);
        if (waiting.length > SHOWN_MAX) waiting.shift();
      }
    };
    setLine('connecting');
    setError(undefined);
    follow().catch((cause: unknown) => {
      if (signal.aborted) return;
      noticeRefusal(cause);
      setLine('broken off');
      setError(cause);
    });
    return () => {
      leaving.abort();
      clearInterval(timer);
      // What has come and is not drawn yet does not come again.
      draw();
    };
  }, [types, subject, isPaused, asking, round]);

  return { events, line, error, passedOver, reload };
}

/** How far the log is; undefined where nobody says so. */
async function headOf(asking: Client, signal: AbortSignal): Promise<number | undefined> {
  const [projection] = await asking.projections.list({ signal });
  return projection?.head;
}
