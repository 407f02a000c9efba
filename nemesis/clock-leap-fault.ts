/**
 * A clock that leaps: of a wallet shard, of the transfer database, or of all databases by different spans. It goes up to two days
 * back or more than a year ahead, and after some seconds shows the right time again.
 */
import type { FaultKind, Stage } from './fault.ts';
import { makeClockLeap, type LeapingClock } from './leaping-clock.ts';
import { untilDone, pause } from './pause.ts';
import { PLACES, type Place, type Stack } from './stack.ts';
import { inTurn } from './turns.ts';

const HOURS = { min: -48, max: 400 * 24 };
const FOR_MS = { min: 2_000, max: 7_000 };
const CLOCKS = ['wallet-0', 'wallet-1', 'transfer', 'all'] as const;

/** Rows that a service writes with the time of its database. */
const WRITTEN: Readonly<Record<Place, { readonly what: string; readonly table: string; readonly at: string }>> = {
  'wallet-0': { what: 'ledger entries that were written', table: 'ledger_entries', at: 'created_at' },
  'wallet-1': { what: 'ledger entries that were written', table: 'ledger_entries', at: 'created_at' },
  transfer: { what: 'transfers that were changed', table: 'transfers', at: 'updated_at' },
};

export const clockLeap: FaultKind = {
  kind: 'clock leap',
  weight: 2,
  draw: (draws) => {
    const which = draws.from(CLOCKS, 'operation');
    const places = which === 'all' ? PLACES : [which];
    const leaps = new Map(
      places.map((place) => {
        const isBack = draws.chance(0.4, 'back', place);
        return [place, isBack ? draws.whole(HOURS.min, -1, place) : draws.whole(1, HOURS.max, place)] as const;
      }),
    );
    const forMs = draws.whole(FOR_MS.min, FOR_MS.max, 'for');
    const told = [...leaps].map(([place, hours]) => `${place} by ${hours} h`).join(', ');
    return {
      name: `clocks leap for ${(forMs / 1_000).toFixed(1)} s: ${told}`,
      kind: 'clock leap',
      lastsMs: forMs + 2_000,
      // Otherwise one leap would heal what the other has just broken.
      strike: (stage, signal) => inTurn(stage.stack, 'clock leap', () => leap(stage, signal, leaps, forMs)),
    };
  },
};

async function leap(
  { stack, met }: Stage,
  signal: AbortSignal,
  leaps: ReadonlyMap<Place, number>,
  forMs: number,
): Promise<void> {
  const clocks: LeapingClock[] = [];
  try {
    for (const [place, hours] of leaps) {
      const clock = await untilDone(() => makeClockLeap(stack, place));
      clocks.push(clock);
      await untilDone(() => clock.leap(hours));
    }
    await pause(forMs, signal);
    for (const [place, hours] of leaps)
      met(
        `${WRITTEN[place].what} by a clock that had leapt ${hours < 0 ? 'back' : 'ahead'}`,
        await countWritten(stack, place, hours).catch(() => 0),
      );
  } finally {
    for (const clock of clocks) await untilDone(() => clock.heal());
  }
}

async function countWritten(stack: Stack, place: Place, hours: number): Promise<number> {
  const { table, at } = WRITTEN[place];
  const [row] = await stack.rows<{ count: number }>(
    place,
    `SELECT count(*)::int AS count FROM ${table} WHERE ${at} - make_interval(hours => ${hours})
       BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp()`,
  );
  return row!.count;
}
