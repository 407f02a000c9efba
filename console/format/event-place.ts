/** Where in the log the page begins to follow it, and what of a filter the log cannot have. */

/** So many that have happened before are shown at first, so that the page is not empty. */
const FIRST = 50;
/** Who was away for days reads no days of events: what is older is in the log. */
export const CAUGHT_UP_MAX = 5_000;

export interface Place {
  /** The position behind which it begins. */
  readonly after: number;
  /** How many positions it leaves out, of those that followed the last one that was looked at. */
  readonly passedOver: number;
}

/** `last`: undefined where nothing was looked at yet. `head`: the newest position. */
export function placeToBegin(last: number | undefined, head: number): Place {
  if (last === undefined) return { after: Math.max(0, head - FIRST), passedOver: 0 };
  const after = Math.max(last, head - CAUGHT_UP_MAX);
  return { after, passedOver: after - last };
}

/** As they are written into the filter, with commas between. */
export function typesIn(text: string): string[] {
  return text
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '');
}

export function unknownTypes(asked: readonly string[], known: readonly string[]): string[] {
  return asked.filter((type) => !known.includes(type));
}
