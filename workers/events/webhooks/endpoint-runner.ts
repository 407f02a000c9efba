/** The deliveries of one endpoint by this process, in one epoch: new events, retries and replays side by side. */
import type { EndpointState } from '../../../db/events/delivery-writes.ts';
import type { LogHead } from '../../../db/events/log-queries.ts';
import { createAlarm } from './alarm.ts';
import { beginCourse, type CourseDeps } from './course.ts';
import { deliverLive } from './live-events.ts';
import { replayEvents } from './replays.ts';
import { retryDeliveries } from './retries.ts';

export interface EndpointRunner {
  readonly state: Pick<EndpointState, 'epoch' | 'version'>;
  /** Says how far the log goes. */
  readonly advance: (head: LogHead) => void;
  /** Says that there may be a replay to make. */
  readonly wakeReplays: () => void;
  readonly hasEnded: () => boolean;
  /** Whether an error has ended it. */
  readonly hasFailed: () => boolean;
  /** Begins nothing more, and returns once what is under way has ended, or after so long. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/** `tellEnd` is called once the run has ended, whatever ended it. */
export function runEndpoint(deps: CourseDeps, head: LogHead, tellEnd: () => void): EndpointRunner {
  const { epoch, version } = deps.taken.endpoint;
  const course = beginCourse(deps);
  const replays = createAlarm();
  const live = deliverLive(course, head);
  let hasEnded = false;
  const ended = run();

  return {
    state: { epoch, version },
    advance: live.advance,
    wakeReplays: replays.ring,
    hasEnded: () => hasEnded,
    hasFailed: course.hasFailed,
    async stop(graceMs) {
      course.end();
      const timer = setTimeout(course.cut, graceMs);
      await ended;
      clearTimeout(timer);
    },
  };

  async function run(): Promise<void> {
    const loops = [retryDeliveries(course), replayEvents(course, replays)];
    for (const loop of loops) loop.catch(course.end);
    await Promise.allSettled([live.ended, ...loops]);
    await course.lanes.settled();
    deps.connections.close();
    hasEnded = true;
    tellEnd();
  }
}
