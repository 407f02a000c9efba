// A log of random movements, whose events come in any order, and the flows that they make, added up apart from the database.

import { randomInt } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import { formatUnits } from '../../domain/money.ts';
import { rowsOf } from './database.ts';

interface LogEvent {
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly data: Readonly<Record<string, string>>;
}

interface Counted {
  /** `<tenant> <second> <currency> <kind>` */
  readonly key: string;
  readonly units: bigint;
}

export interface FlowLog {
  readonly seed: number;
  /** Of the movements whose acceptance is in the log. */
  readonly counted: Counted[];
  /** Appends the events of so many movements, but for some of their acceptances. */
  readonly append: (movements: number) => Promise<void>;
  readonly appendHeldBack: () => Promise<void>;
}

const CURRENCIES = ['USD', 'EUR', 'JPY'];
const FROM_MS = Date.now() - 3_600_000 * 24;

export function createFlowLog(admin: Database, seed = randomInt(2 ** 31)): FlowLog {
  let state = seed;
  /** Mulberry32. */
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  let made = 0;
  const counted: Counted[] = [];
  let heldBack: { readonly event: LogEvent; readonly counts: readonly Counted[] }[] = [];

  /** The acceptance, what follows from it, and what of that is counted once the acceptance is there. */
  function movement(): { accepted: LogEvent; others: LogEvent[]; counts: Counted[] } {
    const id = `00000000-0000-8000-8000-${String((made += 1)).padStart(12, '0')}`;
    const currency = CURRENCIES[random(CURRENCIES.length)]!;
    const atMs = FROM_MS + random(86_400) * 1_000 + random(1_000);
    const time = new Date(atMs).toISOString();
    const kind = random(5);
    const isTransfer = kind < 3;
    const of = { [isTransfer ? 'transfer_id' : 'transaction_id']: id };
    const units = BigInt(1 + random(1_000_000_000));
    const part = kind === 1 ? units / 3n + 1n : units;
    const leg = (type: string, amount: bigint): LogEvent => ({
      ...{ type: `wallet.${type}`, subject: `11111111-1111-8111-8111-11111111111${random(10)}`, time },
      data: { ...of, amount: formatUnits(amount) },
    });
    const count = (what: string, amount: bigint): Counted => ({
      key: `default ${Math.floor(atMs / 900_000) * 900} ${currency} ${what}`,
      units: amount,
    });
    const accepted = {
      ...{ type: `${isTransfer ? 'transfer' : 'transaction'}.initiated`, subject: id, time },
      data: { ...of, amount: formatUnits(units), currency },
    };
    // A transfer; a hold that is captured in part; one that is given up; and a transaction in and out.
    if (kind === 0)
      return { accepted, others: [leg('debited', units), leg('credited', units)], counts: [count('transfers', units)] };
    if (kind === 1)
      return {
        accepted,
        others: [leg('debited', units), leg('credited', part), leg('refunded', units - part)].filter(
          ({ data }) => data['amount'] !== '0.0000',
        ),
        counts: [count('transfers', part), ...(units === part ? [] : [count('refunds', units - part)])],
      };
    if (kind === 2)
      return { accepted, others: [leg('debited', units), leg('refunded', units)], counts: [count('refunds', units)] };
    if (kind === 3) return { accepted, others: [leg('credited', units)], counts: [count('credits', units)] };
    return { accepted, others: [leg('debited', units)], counts: [count('debits', units)] };
  }

  async function write(events: readonly LogEvent[]): Promise<void> {
    await rowsOf(
      admin,
      `WITH head AS (UPDATE log_head SET position = position + ${events.length} RETURNING position - ${events.length} AS old)
       INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT old + n, id, event ->> 'type', event ->> 'subject', (event ->> 'time')::timestamptz, 'test', (event || jsonb_build_object(
         'specversion', '1.0', 'id', id, 'source', 'urn:test', 'datacontenttype', 'application/json', 'dataschema', 'urn:test'))::json, ''
       FROM head, jsonb_array_elements('${JSON.stringify(events)}') WITH ORDINALITY AS e (event, n)
       CROSS JOIN LATERAL (SELECT (event ->> 'type') || '/' || coalesce(event #>> '{data,transfer_id}', event #>> '{data,transaction_id}') AS id) named
       ORDER BY n`,
    );
  }

  return {
    seed,
    counted,
    async append(movements) {
      const events: LogEvent[] = [];
      for (let n = 0; n < movements; n += 1) {
        const { accepted, others, counts } = movement();
        events.push(...others);
        if (random(20) === 0) heldBack.push({ event: accepted, counts });
        else {
          events.push(accepted);
          counted.push(...counts);
        }
      }
      for (let n = events.length - 1; n > 0; n -= 1) {
        const other = random(n + 1);
        [events[n], events[other]] = [events[other]!, events[n]!];
      }
      await write(events);
    },
    async appendHeldBack() {
      await write(heldBack.map(({ event }) => event));
      counted.push(...heldBack.flatMap(({ counts }) => counts));
      heldBack = [];
    },
  };
}

/** `<tenant> <second> <currency> <kind> <count> <sum>`, sorted. */
export function oracleOf({ counted }: FlowLog): string[] {
  const sums = new Map<string, { count: number; units: bigint }>();
  for (const { key, units } of counted) {
    const sum = sums.get(key) ?? { count: 0, units: 0n };
    sums.set(key, { count: sum.count + 1, units: sum.units + units });
  }
  return [...sums].map(([key, { count, units }]) => `${key} ${count} ${formatUnits(units)}`).sort();
}
