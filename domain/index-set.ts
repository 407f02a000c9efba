/**
 * Sets of places in a batch, written as ranges: `0-1999`, or `0-16,18,20-1999`. Workflows and activities name items by such sets,
 * so their length is what a batch leaves in a history: a range costs its two ends, however many places are in it. Pure.
 */

/** The text of a set; its members may come in any order, and more than once. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const index of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && open[1] === index - 1) open[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** The first and last of each range. Throws a RangeError for what `formatIndexes` does not write. */
export function parseRanges(text: string): [first: number, last: number][] {
  if (text === '') return [];
  let after = -1;
  return text.split(',').map((range) => {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || first <= after || last < first) throw new RangeError(`not a set of places: ${range}`);
    after = last;
    return [first, last];
  });
}

/** The members, in order. */
export function parseIndexes(text: string): number[] {
  return parseRanges(text).flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
}
