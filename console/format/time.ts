/** Times as people read them, in UTC or in the zone of the browser, and how long ago they were. */

/** `2026-11-29 02:14:07`; with `finest`, milliseconds too. */
export function formatTime(iso: string, timeZone: string | undefined, { finest = false } = {}): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const text = formatOf(timeZone).format(time).replace(',', '');
  return finest ? `${text}.${String(time.getUTCMilliseconds()).padStart(3, '0')}` : text;
}

const formats = new Map<string | undefined, Intl.DateTimeFormat>();

/** Swedes write dates as ISO 8601 does. */
function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('sv-SE', {
    ...(timeZone === undefined ? {} : { timeZone }),
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  formats.set(timeZone, made);
  return made;
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** `12 min`, `3 h`, `250 ms`: one unit, rounded down. */
export function formatDuration(ms: number): string {
  const [name, size] = UNITS.find(([, unit]) => Math.abs(ms) >= unit) ?? ['ms', 1];
  return `${Math.trunc(ms / size)} ${name}`;
}

export function ago(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso);
  return ms < 0 ? `in ${formatDuration(-ms)}` : `${formatDuration(ms)} ago`;
}
