/** The counts of a report. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Book, Entry } from './book.ts';
import type { NemesisReport } from './report.ts';
import type { Stack } from './stack.ts';

/** The counts of operations by kind, the most frequent first. */
export function operationsOf(entries: readonly Entry[]): NemesisReport['operations'] {
  const kinds = Map.groupBy(entries, ({ kind }) => kind);
  return Object.fromEntries(
    [...kinds]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([kind, some]) => [
        kind,
        {
          keys: some.length,
          requests: some.reduce((all, { requests }) => all + requests, 0),
          accepted: some.filter(({ told }) => told === 'accepted').length,
          unknown: some.filter(({ told }) => told === 'unknown').length,
        },
      ]),
  );
}

/** The counts of all known movements by status and reason. */
export function endsOf(book: Book): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const { moves } of book.entries())
    for (const { id } of moves) {
      const state = book.sightings.latest(id);
      if (state === undefined) continue;
      const end = [state.status, state.failureReason].filter(Boolean).join(' ');
      ends[end] = (ends[end] ?? 0) + 1;
    }
  return Object.fromEntries(Object.entries(ends).sort(([, a], [, b]) => b - a));
}

/** The number of restarts of each process by the launcher, from its log. */
export async function restartsIn(logFile: string): Promise<Record<string, number>> {
  const restarts: Record<string, number> = {};
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    const name = /^(\S+) ended \(.*\); it is started again/.exec(line)?.[1];
    if (name !== undefined) restarts[`${name} started again`] = (restarts[`${name} started again`] ?? 0) + 1;
  }
  return restarts;
}

/** The groups that were accepted, by how many transfers they had, and how their transfers have ended; none if they cannot be read. */
export async function groupsIn(stack: Pick<Stack, 'rows'>): Promise<Record<string, number>> {
  const groups = await stack.rows<{ what: string; many: number }>('transfer', GROUPS).catch(() => []);
  return Object.fromEntries(groups.map(({ what, many }) => [what, many]));
}

const GROUPS = `
  WITH groups AS (SELECT count(*) AS size FROM transfers WHERE group_id IS NOT NULL GROUP BY group_id)
  SELECT 'of ' || title AS what, count(*)::integer AS many, min(size) AS place
  FROM groups JOIN (VALUES (1, 1, '1'), (2, 4, '2 to 4'), (5, 9, '5 to 9'), (10, 24, '10 to 24'), (25, 50, '25 to 50'))
    sizes (at_least, at_most, title) ON size BETWEEN at_least AND at_most
  GROUP BY title
  UNION ALL
  SELECT 'their transfers that are ' || status, count(*)::integer, 100 FROM transfers WHERE group_id IS NOT NULL GROUP BY status
  ORDER BY place, what`;

export function sumOf(each: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const told of each) for (const [what, howMany] of Object.entries(told)) sum[what] = (sum[what] ?? 0) + howMany;
  return sum;
}
