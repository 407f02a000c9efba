/**
 * `Prefer: wait=N` of RFC 7240: how it is read, and the wait itself. The row in the database is what is answered; the
 * workflow's end only says when to look.
 */
import { LATE, within } from '../../process/deadline.ts';

const WAIT_SECONDS_MAX = 60;

/** Between two looks at the row when nothing else wakes the wait: at first, and at most. */
const LOOK_EVERY_MS = 500;
const LOOK_EVERY_MS_MAX = 2_000;
/** For the look itself, which an ill database must not draw out. */
const LOOK_LIMIT_MS = 1_000;
const LOOK_LIMIT_MS_MIN = 250;

const NEVER = new Promise<never>(() => {});

/** A header that is longer is not read. */
export const PREFER_CHARACTERS_MAX = 1_000;

/**
 * The seconds of a wait preference, at most 60, or undefined if there is none. Other preferences are ignored, as is what
 * cannot be read and a header that is too long; the first of several counts. Takes time in proportion to the header.
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

/** The parts between the separators; those within a quoted string separate nothing. One pass, whatever is in it. */
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
  /** What is known now, and what is answered if nothing better is learned. */
  readonly row: Row;
  readonly isSettled: (row: Row) => boolean;
  /** Reads the row. */
  readonly look: () => Promise<Row | undefined>;
  /** Resolves when there may be news, with the row where that is known; does not have to. Given up when the signal aborts. */
  readonly untilNews: (signal: AbortSignal) => Promise<Row | void>;
  readonly limitMs: number;
  /** Ends the wait early: the client has gone, or the server drains. */
  readonly signal: AbortSignal;
}

/** The row once it is settled, or as it is when the time is up. An unreachable database or Temporal prolongs nothing. */
export async function waitUntilSettled<Row>({
  row,
  isSettled,
  look,
  untilNews,
  limitMs,
  signal,
}: Wait<Row>): Promise<Row> {
  const endsAt = performance.now() + limitMs;
  const done = new AbortController();
  const giveUp = AbortSignal.any([signal, done.signal]);
  let known = row;
  // A failure to hear of news, such as a workflow that is not started yet, leaves the looks.
  let news = untilNews(giveUp).catch(() => NEVER);
  let lookEveryMs = LOOK_EVERY_MS;
  try {
    while (!isSettled(known)) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0 || signal.aborted) break;
      const told = await within(Math.min(lookEveryMs, leftMs), news, signal);
      if (told !== LATE) news = NEVER;
      if (told !== LATE && told !== undefined) {
        known = told;
        continue;
      }
      const seen = await within(Math.max(LOOK_LIMIT_MS_MIN, Math.min(LOOK_LIMIT_MS, leftMs)), look(), signal).catch(
        () => undefined,
      );
      if (seen !== LATE && seen !== undefined) known = seen;
      lookEveryMs = Math.min(lookEveryMs * 1.5, LOOK_EVERY_MS_MAX);
    }
  } finally {
    done.abort();
  }
  return known;
}
