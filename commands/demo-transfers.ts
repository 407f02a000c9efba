/**
 * The demo's work on a stack: ten wallets over both shards, transfers between them, and a credit that never succeeds for the
 * transfers that the seed drew. The fault is wrapped around the wallet activity; the services know nothing of it.
 */
import type { WalletActivities } from '../activities/wallet/wallet.ts';
import type { CallOptions, Client, Transfer } from '../client/client.ts';
import type { Currency } from '../domain/currency.ts';
import { transferId, walletId } from '../domain/derived-id.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import { shardOf } from '../domain/routing.ts';
import { StackError } from '../dev/stack-error.ts';
import { draw, drawAmount, drawSubset } from '../dev/draw.ts';
import { forEach } from '../process/for-each.ts';

export interface DemoPlan {
  readonly seed: number;
  readonly transfers: number;
  /** The share of the transfers whose credit never succeeds. */
  readonly failCredit: number;
  /** Distinguishes this run from earlier ones on the same data, whose keys and users are taken. */
  readonly run: string;
}

export interface DemoOutcome {
  readonly completed: number;
  /** How many transfers moved no money in the end, by failure reason. */
  readonly rolledBack: Readonly<Record<string, number>>;
  /** How many transfers had not ended when the API stopped waiting for them. */
  readonly underWay: number;
  readonly moneyBefore: string;
  readonly moneyAfter: string;
  /** The id of a transfer whose debit was given back. */
  readonly example: string | undefined;
}

const WALLETS = 10;
const SHARDS = 2;
const CURRENCY = 'USD' as Currency;
const AMOUNT_MAX = 25;
/** Few enough that a slow machine finishes each within the deadline. Failing transfers only wait for it, so more of them fit. */
const AT_ONCE = 4;
const FAILING_AT_ONCE = 12;
const WAIT_SECONDS = 30;

/** The numbers of the transfers whose credit is to fail. */
export function drawFailing({ seed, transfers, failCredit }: DemoPlan): Set<number> {
  return drawSubset(Math.round(transfers * failCredit), transfers, seed, 'fails');
}

/** The wallet activities, with a credit that throws for the plan's failing transfers, however often it is repeated. */
export function failCredits(activities: WalletActivities, plan: DemoPlan): WalletActivities {
  const failing = new Set([...drawFailing(plan)].map((n) => transferId(keyOf(plan, n))));
  const why = 'the demo lets this credit fail, every time';
  return {
    ...activities,
    credit: async (leg) => {
      if (failing.has(leg.terms.transferId)) throw new Error(why);
      return activities.credit(leg);
    },
    debitAndCredit: async (leg) => {
      if (!failing.has(leg.terms.transferId)) return activities.debitAndCredit(leg);
      const debit = await activities.debit(leg);
      return debit.outcome === 'applied' ? { debit, debitedAtMs: Date.now(), creditError: why } : { debit };
    },
  };
}

/** Carries out the plan. `ended` is called with each transfer as it was when the wait for it ended. */
export async function carryOut(api: Client, plan: DemoPlan, ended: (transfer: Transfer) => void): Promise<DemoOutcome> {
  const { seed, transfers } = plan;
  const wallets = await openWallets(api, plan);
  const moneyBefore = await moneyIn(api, wallets);

  let completed = 0;
  let underWay = 0;
  let example: string | undefined;
  const rolledBack: Record<string, number> = {};
  const failing = drawFailing(plan);
  const send = async (n: number): Promise<void> => {
    const sender = n % WALLETS;
    const receiver = (sender + 1 + Math.floor(draw(seed, 'receiver', n) * (WALLETS - 1))) % WALLETS;
    const body = {
      sender_wallet_id: wallets[sender]!,
      receiver_wallet_id: wallets[receiver]!,
      amount: drawAmount(1, AMOUNT_MAX, seed, 'amount', n),
      currency: CURRENCY,
      reference: `Demo ${n + 1}`,
    };
    const movement = await api.transfers.create(body, waited(keyOf(plan, n)));
    if (movement.status === 'COMPLETED') completed += 1;
    else if (movement.failure_reason === null && movement.status !== 'CANCELED') underWay += 1;
    else {
      const reason = movement.failure_reason ?? 'canceled';
      rolledBack[reason] = (rolledBack[reason] ?? 0) + 1;
      if (failing.has(n)) example ??= movement.transfer_id;
    }
    ended(movement);
  };
  const all = Array.from({ length: transfers }, (_, n) => n);
  await Promise.all([
    forEach(
      all.filter((n) => !failing.has(n)),
      AT_ONCE,
      send,
    ),
    forEach(
      all.filter((n) => failing.has(n)),
      FAILING_AT_ONCE,
      send,
    ),
  ]);
  return { completed, rolledBack, underWay, moneyBefore, moneyAfter: await moneyIn(api, wallets), example };
}

function keyOf({ run }: DemoPlan, n: number): string {
  return `demo-${run}-${n}`;
}

/** The options of a call that returns when its movement has ended, or after WAIT_SECONDS. */
function waited(idempotencyKey: string): CallOptions {
  return { idempotencyKey, waitSeconds: WAIT_SECONDS };
}

/** Opens the wallets, as many in each shard, and funds each with enough for all that it is to send. */
async function openWallets(api: Client, { run, transfers }: DemoPlan): Promise<string[]> {
  const enough = `${AMOUNT_MAX * Math.ceil(transfers / WALLETS)}.00`;
  const wallets: string[] = Array(WALLETS);
  await forEach(wallets.keys(), AT_ONCE, async (n) => {
    const user_id = userOnShard(n % SHARDS, `demo-${run}-${n}`);
    const { wallet_id } = (await api.wallets.open({ user_id, currency: CURRENCY })).wallet;
    wallets[n] = wallet_id;
    const body = { wallet_id, type: 'CREDIT' as const, amount: enough, currency: CURRENCY, reference: 'Demo' };
    const { status, failure_reason } =
      transfers === 0
        ? { status: 'PROCESSED', failure_reason: null }
        : await api.transactions.create(body, waited(`demo-${run}-funds-${n}`));
    if (status !== 'PROCESSED')
      throw new StackError(`A wallet of the demo could not be funded: it is ${status} ${failure_reason ?? ''}`);
  });
  return wallets;
}

/** A user whose wallet is in this shard: the wallet's id follows from the user's. */
function userOnShard(shard: number, name: string): string {
  for (let suffix = 0; ; suffix += 1) {
    const userId = `${name}-${suffix}`;
    if (shardOf(walletId(userId, CURRENCY), SHARDS) === shard) return userId;
  }
}

async function moneyIn(api: Client, wallets: readonly string[]): Promise<string> {
  const balances = await Promise.all(wallets.map((wallet) => api.wallets.balance(wallet)));
  return formatUnits(balances.reduce((sum, { balance }) => sum + parseUnits(balance), 0n));
}
