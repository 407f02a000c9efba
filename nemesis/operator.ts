/**
 * An operator: looks at the open cases while faults strike, and has the failing compensation retried or the refund forced, as a
 * person who sees only the case might do. Notes forced refunds in the book.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from './answers.ts';
import type { Book } from './book.ts';
import type { Draws } from './draws.ts';
import type { Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';

export interface Operator {
  /** Acts again and again until the signal aborts; returns when the last request is answered. */
  readonly run: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /** Asks once for the cancel of a transfer, or for its forced refund. Never throws. */
  readonly cancel: (transferId: string) => Promise<void>;
  readonly force: (transferId: string) => Promise<void>;
}

const EVERY_MS = 500;
const CASES = 20;
const TIMEOUT_MS = 15_000;
const ACTOR = 'nemesis';
const COMMENT = 'by the nemesis';
const FORCES = 0.6;

/** Acts for each tenant with its own key, on what is its own. */
export function createOperator(
  { all, apiOf }: Pick<Tenants, 'all' | 'apiOf'>,
  book: Book,
  violations: Violations,
  met: (what: string, howMany: number) => void,
): Operator {
  const ask = async (what: string, about: string, send: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    try {
      await send(AbortSignal.timeout(TIMEOUT_MS));
      met(`an operator's ${what}: taken`, 1);
    } catch (error) {
      const { says, code } = judge(error);
      met(`an operator's ${what}: ${says === 'refused' ? 'refused' : 'no answer'}`, 1);
      if (code === 'internal_error')
        violations.report('observer', about, `an operator's ${what} was answered with 500`);
    }
  };
  const resolve = (id: string, action: 'retry' | 'refund'): Promise<void> =>
    ask(action, id, (signal) =>
      apiOf(id).transfers.resolve(id, { action, comment: COMMENT }, { onBehalfOf: ACTOR, waitSeconds: 0, signal }),
    );

  const operator: Operator = {
    async run(draws, signal) {
      for (let n = 0; !signal.aborted; n += 1) {
        const { api } = all[n % all.length]!;
        const open = await api.cases
          .list({ status: 'OPEN', limit: CASES }, { signal: AbortSignal.timeout(TIMEOUT_MS) })
          .catch(() => ({ data: [] }));
        const one = open.data[draws.whole(0, Math.max(open.data.length - 1, 0), 'which', n)];
        if (one?.transfer_id && draws.chance(FORCES, 'forces', n)) await operator.force(one.transfer_id);
        else if (one?.transfer_id) await resolve(one.transfer_id, 'retry');
        else if (one !== undefined) {
          const { case_id: id, subject } = one;
          await ask('retry', subject, (given) =>
            api.cases.resolve(id, { action: 'retry', comment: COMMENT }, { onBehalfOf: ACTOR, signal: given }),
          );
        }
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    },
    async cancel(id) {
      book.touch(id);
      await ask('cancel request', id, (signal) => apiOf(id).transfers.cancel(id, { waitSeconds: 0, signal }));
    },
    async force(id) {
      // Whatever the answer: a request without an answer may have been taken, and a refused one may repeat one that was taken.
      book.force(id);
      await resolve(id, 'refund');
    },
  };
  return operator;
}
