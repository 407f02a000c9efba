/** The counts of a report. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Book, Entry } from './book.ts';
import type { NemesisReport } from './report.ts';

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
