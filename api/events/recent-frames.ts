/** The newest events of the log as they are sent, in memory: a gapless row of positions, of bounded size. */
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import type { LoggedEvent } from '../../db/events/log-queries.ts';

/** An event as it is sent. */
export interface Frame {
  readonly position: number;
  readonly type: string;
  readonly subject: string;
  readonly tenant: Tenant;
  readonly text: string;
}

export interface RecentFrames {
  /** The newest position; 0 at first. */
  readonly end: () => number;
  /**
   * The frames behind a position, some hundreds at most. `passed` if the first of them is no longer there, `ahead` if the row does
   * not reach up to the position yet.
   */
  readonly behind: (position: number) => readonly Frame[] | 'passed' | 'ahead';
  /** Adds what follows the end, and drops the oldest beyond the bounds. After a gap, the row begins anew. */
  readonly append: (events: readonly LoggedEvent[]) => void;
  /** Drops all. The next event is the one behind this position. */
  readonly restartAt: (position: number) => void;
}

/** Whichever is reached first. */
const FRAMES_MAX = 2_000;
const CHARACTERS_MAX = 4 * 1024 * 1024;
const TAKEN_MAX = 200;

export function createRecentFrames(): RecentFrames {
  let frames: Frame[] = [];
  let characters = 0;
  let end = 0;
  const restartAt = (position: number): void => {
    [frames, characters, end] = [[], 0, position];
  };
  return {
    end: () => end,
    behind(position) {
      if (position > end) return 'ahead';
      const from = position - (end - frames.length);
      return from < 0 ? 'passed' : frames.slice(from, from + TAKEN_MAX);
    },
    append(events) {
      const [first] = events;
      if (first !== undefined && first.position !== end + 1) restartAt(first.position - 1);
      const added = events.map(frameOf);
      frames.push(...added);
      end += added.length;
      for (const { text } of added) characters += text.length;
      let dropped = 0;
      for (; frames.length - dropped > FRAMES_MAX || characters > CHARACTERS_MAX; dropped += 1)
        characters -= frames[dropped]!.text.length;
      frames.splice(0, dropped);
    },
    restartAt,
  };
}

/** The text of an event in a stream. */
export function frameOf({ position, event }: LoggedEvent): Frame {
  const { type, subject } = event;
  const tenant = tenantOf(event);
  const data = JSON.stringify({ position, ...event });
  return { position, type, subject, tenant, text: `id: ${position}\nevent: ${type}\ndata: ${data}\n\n` };
}
