/**
 * Concurrent clients that behave as real ones do: they repeat a request without an answer under the same key, send some keys
 * several times at once, stop waiting for some answers early and learn them later by a repeat, and give some up for good. They
 * write what they were told into the book.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { tenantOf } from '../domain/tenant.ts';
import { forEach } from '../process/for-each.ts';
import { cancelOf, decisionsOf, endOrder, type Action } from './actions.ts';
import { judge } from './answers.ts';
import type { Book, Entry } from './book.ts';
import type { Burst } from './bursts.ts';
import type { Draws } from './draws.ts';
import type { Memory } from './memory.ts';
import type { Operation } from './operation.ts';
import { drawTask, HOLD_THAT_EXPIRES } from './operations.ts';
import type { Strangers } from './strangers.ts';
import type { Violations } from './violations.ts';
import type { World } from './world.ts';

export interface Clients {
  /** Lets clients work until the signal aborts, which will be at `untilMs`; returns when each has its last answer. */
  readonly run: (draws: Draws, untilMs: number, signal: AbortSignal, atOnce?: number) => Promise<void>;
  /** For a time without faults: learns every answer that clients still want, decides every hold, ends standing orders. */
  readonly finish: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /**
   * Sends a request once, and notes the answer. Never throws. A movement of the caller's own is not remembered: no other client
   * reverses, cancels or terminates it.
   */
  readonly send: (
    operation: Operation,
    entry: Entry,
    options: { timeoutMs: number; waitSeconds?: number; isOwn?: boolean },
  ) => Promise<Sent>;
  /** Sends a request with its key, some of them several times at once, until its outcome is known or the signal aborts. */
  readonly perform: (operation: Operation, draws: Draws, signal: AbortSignal) => Promise<Entry>;
  /** Sends a request about something once; returns whether its answer is one for good. Never throws. */
  readonly act: (action: Action) => Promise<boolean>;
  readonly memory: Memory;
  /** The number of requests by their answer: `accepted`, or a code. */
  readonly told: () => Readonly<Record<string, number>>;
  /** The recent rate of requests that made a movement. */
  readonly ratePerSecond: () => number;
}

export type Sent = 'accepted' | 'refused' | 'again';

const CLIENTS = 12;
const PAUSE_MS_MAX = 150;
const TIMEOUT_MS = 10_000;
const BACKOFF_MS = { min: 100, max: 2_000 };
const SHARE = { copies: 0.15, impatient: 0.1, givesUp: 0.04, repeats: 0.12, waits: 0.45 };
const EXPIRY_FAR_OFF_MS = 600_000;
const RATE_OVER_MS = 10_000;

/** Those whose clients they are: one tenant. */
interface Of {
  readonly api: Client;
  readonly book: Book;
  readonly world: World;
  readonly memory: Memory;
  /** What they try to reach of another tenant. */
  readonly strangers?: Strangers | undefined;
  readonly violations: Violations;
}

export function createClients({ api, book, world, memory, strangers, violations }: Of): Clients {
  const told: Record<string, number> = {};
  const acceptedAtMs: number[] = [];
  /** The operations whose answers are still wanted. */
  const wanted = new Map<Entry, Operation>();
  let sequence = 0;

  const count = (what: string): void => {
    told[what] = (told[what] ?? 0) + 1;
  };

  const send: Clients['send'] = async (operation, entry, { timeoutMs, waitSeconds, isOwn = false }) => {
    const askedAtMs = performance.now();
    try {
      const answer = await operation.send(api, {
        idempotencyKey: entry.key,
        signal: AbortSignal.timeout(timeoutMs + (waitSeconds ?? 0) * 1_000),
        ...(waitSeconds === undefined ? {} : { waitSeconds }),
      });
      book.accepted(entry, answer, askedAtMs);
      if (!isOwn) memory.remember(entry, answer);
      count('accepted');
      acceptedAtMs.push(performance.now());
      if (acceptedAtMs.length > 10_000) acceptedAtMs.splice(0, 5_000);
      return 'accepted';
    } catch (error) {
      const { says, code } = judge(error);
      count(code);
      if (code === 'internal_error') violations.report('observer', entry.id, 'a request for it was answered with 500');
      if (says === 'unknown') book.unanswered(entry, code);
      else book.refused(entry, code);
      return says === 'refused' ? 'refused' : 'again';
    }
  };

  /** Repeats a request with the same key until its outcome is known. */
  const learn = async (operation: Operation, entry: Entry, draws: Draws, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const waitSeconds = draws.chance(SHARE.waits, 'waits') ? draws.whole(1, 5, 'seconds') : undefined;
      const isImpatient = attempt === 1 && draws.chance(SHARE.impatient, 'impatient');
      const timeoutMs = isImpatient ? draws.whole(2, 300, 'timeout') : TIMEOUT_MS;
      const sent = await send(
        operation,
        entry,
        isImpatient || waitSeconds === undefined ? { timeoutMs } : { timeoutMs, waitSeconds },
      );
      if (sent !== 'again') return void wanted.delete(entry);
      if (draws.chance(SHARE.givesUp, 'gives up')) return void wanted.delete(entry);
      const pauseMs = Math.min(BACKOFF_MS.min * 2 ** attempt, BACKOFF_MS.max);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  };

  const perform: Clients['perform'] = async (operation, draws, signal) => {
    const entry = book.open(operation.asked);
    wanted.set(entry, operation);
    const copies = draws.chance(SHARE.copies, 'copies') ? draws.whole(2, 4, 'how many') : 1;
    await Promise.all(Array.from({ length: copies }, (_, n) => learn(operation, entry, draws.of('copy', n), signal)));
    if (draws.chance(SHARE.repeats, 'repeats')) await send(operation, entry, { timeoutMs: TIMEOUT_MS });
    return entry;
  };

  const performBurst = async ({ burst, later }: Burst, draws: Draws, signal: AbortSignal): Promise<void> => {
    const canceling = later.map(({ action, afterMs }) => sleep(afterMs).then(() => act(action)));
    await Promise.all(burst.map((operation, n) => perform(operation, draws.of('item', n), signal)));
    await Promise.all(canceling);
  };

  const act: Clients['act'] = async (action) => {
    const askedAtMs = performance.now();
    try {
      const { id, state } = await action.send(api, { signal: AbortSignal.timeout(2 * TIMEOUT_MS) });
      count(action.kind);
      if (action.mustRefuse !== undefined) violations.report('observer', id, `${action.kind} was not refused`);
      if (state !== undefined) book.see('observer', id, state, askedAtMs);
      return true;
    } catch (error) {
      const { says, code } = judge(error);
      count(`${action.kind}: ${code}`);
      if (code === 'internal_error')
        violations.report('observer', action.about, `${action.kind} was answered with 500`);
      if (action.mustRefuse !== undefined && says === 'refused' && code !== action.mustRefuse)
        violations.report('observer', action.about, `${action.kind} was refused as ${code}`);
      return says === 'refused';
    }
  };

  return {
    async run(draws, untilMs, signal, atOnce = CLIENTS) {
      const client = async (): Promise<void> => {
        while (!signal.aborted) {
          const n = sequence++;
          const own = draws.of(n);
          const key = `nemesis-${own.whole(0, 1e9, 'key')}-${n}`;
          const leftMs = untilMs - Date.now();
          const task = drawTask({ key, draws: own.of('task'), world, memory, strangers, leftMs });
          if ('operation' in task) await perform(task.operation, own.of('conduct'), signal);
          else if ('burst' in task) await performBurst(task, own.of('conduct'), signal);
          else {
            const answers = await Promise.all(task.actions.map(act));
            if (task.decides !== undefined && !answers.includes(true)) memory.putBack(task.decides);
          }
          await sleep(own.whole(0, PAUSE_MS_MAX, 'pause'), undefined, { signal }).catch(() => {});
        }
      };
      await Promise.all(Array.from({ length: atOnce }, client));
    },
    async finish(draws, signal) {
      const inLanes = <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> =>
        forEach(items, CLIENTS, async (item) => (signal.aborted ? undefined : work(item)));
      await inLanes([...wanted], async ([entry, operation]) => {
        while (!signal.aborted && (await send(operation, entry, { timeoutMs: TIMEOUT_MS })) === 'again')
          await sleep(BACKOFF_MS.max, undefined, { signal }).catch(() => {});
        wanted.delete(entry);
      });
      const repeat = async (action: Action): Promise<void> => {
        while (!signal.aborted && !(await act(action)))
          await sleep(BACKOFF_MS.max, undefined, { signal }).catch(() => {});
      };
      // A request without an answer may have been stored all the same.
      const asked = book.entries().filter((entry) => tenantOf(entry) === tenantOf(world));
      const unknown = asked.filter((entry) => entry.told === 'unknown');
      const orders = [
        ...memory.takeOrders(),
        ...unknown.filter(({ names }) => names === 'recurring').map(({ id }) => id),
      ];
      await inLanes(orders, (id) => repeat(endOrder(id)));
      const holds = unknown.filter(({ kind }) => kind === 'hold').map(({ id }) => cancelOf(id));
      for (let hold = memory.takeHold(draws); hold !== undefined; hold = memory.takeHold(draws))
        holds.push(decisionsOf(hold, draws.of(hold.id))[0]!);
      await inLanes(holds, repeat);
      await inLanes(
        asked.filter(({ kind, told: of }) => kind === HOLD_THAT_EXPIRES && of !== 'nothing'),
        async ({ id }) => {
          if (await expiresFarOff(api, id, signal)) await repeat(cancelOf(id));
        },
      );
    },
    ...{ send, perform, act },
    memory,
    told: () => told,
    ratePerSecond() {
      const since = performance.now() - RATE_OVER_MS;
      return acceptedAtMs.filter((atMs) => atMs > since).length / (RATE_OVER_MS / 1_000);
    },
  };
}

/** Whether the hold was made while the service's clock was so far ahead that it does not expire within the run. */
async function expiresFarOff(api: Client, id: string, signal: AbortSignal): Promise<boolean> {
  for (; !signal.aborted; await sleep(BACKOFF_MS.max, undefined, { signal }).catch(() => {})) {
    try {
      const { expires_at } = await api.transfers.get(id, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      return expires_at !== null && Date.parse(expires_at) > Date.now() + EXPIRY_FAR_OFF_MS;
    } catch (error) {
      if (judge(error).says === 'refused') return false;
    }
  }
  return false;
}
