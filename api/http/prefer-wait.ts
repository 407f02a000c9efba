/**
 * `Prefer: wait=N` of RFC 7240: its parsing, and the wait itself. The answer is the row in the database; the end of the workflow
 * only tells when to look at it.
 */
import { z } from '@hono/zod-openapi';
import { LATE, within } from '../../process/deadline.ts';

const WAIT_SECONDS_MAX = 60;

/**
 * The interval between two looks at the row if nothing else ends the wait: the first one, and the longest. It grows by a half each
 * time, so that as many clients as may, each in a wait of a minute, do not keep the database busy.
 */
const LOOK_EVERY_MS = 500;
const LOOK_EVERY_MS_MAX = 5_000;
/**
 * The first interval where this process hears of its own writes: each look costs as much as a statement of the movement itself, and
 * at 50 transfers at a time most take longer than half a second.
 */
export const FIRST_LOOK_MS_WHERE_HEARD = 2_000;
/** Where a look alone tells of the end, because no news comes any more. */
const LOOK_EVERY_MS_MAX_ALONE = 2_000;
/** The limit of one look, so that an ill database does not draw out the wait. */
const LOOK_LIMIT_MS = 1_000;
const LOOK_LIMIT_MS_MIN = 250;

const NEVER = new Promise<never>(() => {});

/** A longer header is ignored. */
export const PREFER_CHARACTERS_MAX = 1_000;

export const preferHeader = {
  Prefer: z
    .string()
    .optional()
    .openapi({
      example: 'wait=10',
      description:
        'With `wait=N` (RFC 7240) the answer comes when the movement has ended or waits for somebody, and after N seconds at ' +
        'most; N is at most 60. ' +
        `Other preferences are ignored, and so is a header of more than ${PREFER_CHARACTERS_MAX} characters.`,
    }),
};

/**
 * Returns the seconds of the first wait preference, at most 60, or undefined if there is none. Ignores other preferences, a value
 * that cannot be read, and a header that is too long. Takes time in proportion to the header.
 */
export function waitPreference(prefer: string | undefined): number | undefined {
  if (prefer === undefined || prefer.length > PREFER_CHARACTERS_MAX) return undefined;
  for (const preference of splitUnquoted(prefer, ',')) {
    const [named = ''] = splitUnquoted(preference, ';');
    const [name, value] = splitAtEquals(named);
    if (name.toLowerCase() !== 'wait') continue;
    const seconds = /^(?:(\d{1,9})|"(\d{1,9})")$/.exec(value ?? '');
    return seconds === null ? undefined : Math.min(Number(seconds[1] ?? seconds[2]), WAIT_SECONDS_MAX);
  }
  return undefined;
}

/** The parts between the separators; a separator within a quoted string does not count. One pass, whatever the text. */
function splitUnquoted(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') at += 1;
    else if (!isQuoted && character === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `wait = 5` as its name and its value, without the spaces around them. */
function splitAtEquals(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

export interface Wait<Row> {
  /** The row as it is known now, which is returned if nothing newer is learned. */
  readonly row: Row;
  readonly isWaitOver: (row: Row) => boolean;
  /** Reads the row. */
  readonly look: () => Promise<Row | undefined>;
  /** Resolves when the row may have changed, with the row if that is known; may never resolve. Gives up when the signal aborts. */
  readonly untilNews: (signal: AbortSignal) => Promise<Row | void>;
  readonly limitMs: number;
  /** Ends the wait early: the client has gone, or the server drains. */
  readonly signal: AbortSignal;
  /** The longest time between two looks, where no news is to be expected. */
  readonly everyMs?: number;
  /** The time until the first look, where news is nearly certain. */
  readonly firstLookMs?: number;
}

/**
 * Returns the row once it `isWaitOver`, or as last seen when the time is up. An unreachable database or Temporal prolongs nothing.
 */
export async function waitForRow<Row>({
  row,
  isWaitOver,
  look,
  untilNews,
  limitMs,
  signal,
  everyMs = LOOK_EVERY_MS_MAX,
  firstLookMs = LOOK_EVERY_MS,
}: Wait<Row>): Promise<Row> {
  const endsAt = performance.now() + limitMs;
  const done = new AbortController();
  const giveUp = AbortSignal.any([signal, done.signal]);
  let known = row;
  // If `untilNews` fails, as it does for a workflow that is not started yet, the looks at the row go on.
  let isNewsOver = false;
  let news = untilNews(giveUp).catch(() => {
    isNewsOver = true;
    return NEVER;
  });
  let lookEveryMs = Math.min(firstLookMs, everyMs);
  try {
    while (!isWaitOver(known)) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0 || signal.aborted) break;
      const told = await within(Math.min(lookEveryMs, leftMs), news, signal);
      if (told !== LATE) [news, isNewsOver] = [NEVER, true];
      if (told !== LATE && told !== undefined) {
        known = told;
        continue;
      }
      const seen = await within(Math.max(LOOK_LIMIT_MS_MIN, Math.min(LOOK_LIMIT_MS, leftMs)), look(), signal).catch(
        () => undefined,
      );
      if (seen !== LATE && seen !== undefined) known = seen;
      lookEveryMs = Math.min(lookEveryMs * 1.5, isNewsOver ? Math.min(everyMs, LOOK_EVERY_MS_MAX_ALONE) : everyMs);
    }
  } finally {
    // Without a reason of its own, an abort makes an exception with a stack for it.
    done.abort('over');
  }
  return known;
}
