/**
 * Checks of what must hold at any moment, made while faults strike: no balance is negative; in each shard the balances and the
 * money under way sum to zero; a movement that has ended never changes, neither in the API nor in the database, nor does what it
 * has moved. A read that fails proves nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { judge, stateOfTransfer } from './answers.ts';
import type { Book, Changes } from './book.ts';
import type { Draws } from './draws.ts';
import type { Place, Stack } from './stack.ts';
import { isEnded, type State } from './sightings.ts';
import type { Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';

export interface Observer {
  /** Checks again and again until the signal aborts. */
  readonly run: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /** Notes what these movements, which have ended, have moved, as final. Throws if that cannot be read. */
  readonly seeLedger: (ids: readonly string[]) => Promise<void>;
  /** The number of checks made, and of those that failed. */
  readonly looks: () => { readonly made: number; readonly failed: number };
}

const EVERY_MS = 500;
const API_TIMEOUT_MS = 3_000;
/** The number of ended movements that each check looks at again. */
const SAMPLE = 50;
/** The number of movements whose entries are read at once after they have ended; the others follow later. */
const LEDGER_MAX = 1_000;
const SHARDS: readonly Place[] = ['wallet-0', 'wallet-1'];

/** The state of a row, in the API's terms. */
export const TRANSFER_STATE = `transfer_id AS id, status, failure_reason AS "failureReason",
  CASE WHEN status = 'COMPLETED' THEN coalesce(captured_amount, amount) WHEN status IN ('FAILED', 'CANCELED') THEN 0.0000 END AS captured`;
/** The sum of a movement's entries in a user's wallet; to be grouped by movement and wallet. */
export const LEDGER_CHANGES = `
  SELECT transaction_id AS movement, wallet_id AS wallet, sum(CASE type WHEN 'DEBIT' THEN -entry.amount ELSE entry.amount END) AS change
  FROM ledger_entries entry JOIN wallets USING (wallet_id) WHERE kind = 'user'`;
export interface LedgerChange {
  readonly movement: string;
  readonly wallet: string;
  readonly change: string;
}
export function changesOf(changes: readonly LedgerChange[]): Changes {
  return new Map(changes.map(({ wallet, change }) => [wallet, change]));
}
export const TRANSACTION_STATE = `transaction_id AS id, status, failure_reason AS "failureReason", NULL::numeric AS captured`;

type Asking = Pick<Tenants, 'first' | 'apiOf'>;

export function createObserver(stack: Stack, { first, apiOf }: Asking, book: Book, violations: Violations): Observer {
  let made = 0;
  let failed = 0;

  const look = async (read: () => Promise<void>): Promise<void> => {
    made += 1;
    await read().catch(() => {
      failed += 1;
    });
  };
  const seeRows = async (statement: string, values: readonly unknown[]): Promise<void> => {
    const askedAtMs = performance.now();
    const rows = await stack.rows<{ id: string } & State>('transfer', statement, values);
    for (const { id, ...state } of rows) book.see('observer', id, state, askedAtMs);
    const ended = rows.filter(isEnded).map(({ id }) => id);
    await seeLedger(ended.filter((id) => !book.isLedgerSeen(id)).slice(0, LEDGER_MAX));
  };
  /** A movement that has ended before it is read here was settled in the shards before that, for good. */
  const seeLedger = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return;
    const changes = await Promise.all(
      SHARDS.map((place) =>
        stack.rows<LedgerChange>(place, `${LEDGER_CHANGES} AND transaction_id = ANY($1) GROUP BY 1, 2`, [ids]),
      ),
    );
    const of = Map.groupBy(changes.flat(), ({ movement }) => movement);
    // If another check has noted it meanwhile, an administrator's fault may have changed it since.
    for (const id of ids) if (!book.isLedgerSeen(id)) book.seeLedger('observer', id, changesOf(of.get(id) ?? []));
  };
  const readMoney = async (place: Place): Promise<void> => {
    const negative = await stack.rows<{ wallet_id: string; balance: string; held: string }>(
      place,
      `SELECT wallet_id, balance, held FROM wallets WHERE kind = 'user' AND (balance < 0 OR held < 0)`,
    );
    for (const { wallet_id, balance, held } of negative)
      violations.report('observer', wallet_id, `its balance is ${balance} and it holds ${held}`);
    for (const { currency, sum } of await stack.rows<{ currency: string; sum: string }>(place, SUM_OF_SHARD))
      violations.report('observer', undefined, `${place}: ${sum} ${currency} too much, with what is under way`);
  };
  const readBalance = async (wallet: string): Promise<void> => {
    const { balance, held } = await first.api.wallets.get(wallet, { signal: AbortSignal.timeout(API_TIMEOUT_MS) });
    if (balance.startsWith('-') || held.startsWith('-'))
      violations.report('observer', wallet, `it was answered with balance ${balance} and held ${held}`);
  };
  const readEnded = async (draws: Draws): Promise<void> => {
    const ended = book.sightings.ended();
    const ids = Array.from(
      { length: Math.min(SAMPLE, ended.length) },
      (_, n) => ended[draws.whole(0, ended.length - 1, n)]!,
    );
    const transfers = ids.filter((id) => book.moveOf(id)?.movement !== 'transaction');
    await seeRows(`SELECT ${TRANSFER_STATE} FROM transfers WHERE transfer_id = ANY($1)`, [transfers]);
    const one = transfers.find((id) => book.moveOf(id) !== undefined);
    if (one === undefined) return;
    const askedAtMs = performance.now();
    const answer = await apiOf(one)
      .transfers.get(one, { signal: AbortSignal.timeout(API_TIMEOUT_MS) })
      .catch((error: unknown) => {
        const { says, code } = judge(error);
        if (says === 'refused')
          violations.report('observer', one, `it had ended, and now reading it is refused: ${code}`);
      });
    if (answer !== undefined) book.see('observer', one, stateOfTransfer(answer), askedAtMs);
  };

  return {
    async run(draws, signal) {
      for (let n = 0; !signal.aborted; n += 1) {
        await Promise.all([
          ...SHARDS.map((place) => look(() => readMoney(place))),
          look(() =>
            seeRows(`SELECT ${TRANSFER_STATE} FROM transfers WHERE updated_at > now() - interval '3 seconds'`, []),
          ),
          look(() =>
            seeRows(
              `SELECT ${TRANSACTION_STATE} FROM transactions WHERE updated_at > now() - interval '3 seconds'`,
              [],
            ),
          ),
          look(() => readBalance(draws.from(first.world.hot, 'wallet', n))),
          look(() => readEnded(draws.of(n))),
        ]);
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    },
    seeLedger,
    looks: () => ({ made, failed }),
  };
}

/** The sum of I1: all balances, external included, plus what is debited and neither credited nor refunded. */
const SUM_OF_SHARD = `
  SELECT currency, sum(part) AS sum FROM (
    SELECT currency, sum(balance) AS part FROM wallets GROUP BY currency
    UNION ALL
    SELECT currency, sum(CASE leg WHEN 'debit' THEN amount ELSE -amount END)
    FROM operation_fences WHERE outcome = 'applied' AND leg IN ('debit', 'credit', 'refund') GROUP BY currency
  ) parts GROUP BY currency HAVING sum(part) <> 0`;
