/**
 * `npm run seed`: fills the stack that runs on DATA_DIR with plausible wallets and movements, and where it has orders, with goods and
 * orders, through its API. Everything follows from the seed, ids and keys included, so a repeat finds it all there and adds nothing.
 * `--seed`, `--wallets`, `--transfers`, `--orders`; `--json`: one object on the last line.
 */
import {
  createClient,
  type BodyOf,
  type CallOptions,
  type Client,
  type Transaction,
  type Transfer,
} from '../client/client.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { showProgress, silentProgress } from '../dev/progress.ts';
import { readStackFile } from '../dev/stack-file.ts';
import { keyOption } from '../dev/stack-summary.ts';
import { readFlags, wholeNumber } from './arguments.ts';
import { exitCodeFor, isExplained } from './exit.ts';
import { openShop } from './seed-orders.ts';
import { draw, drawAmount, drawFrom } from '../dev/draw.ts';
import { forEach } from '../process/for-each.ts';
import { readApiKey } from '../dev/api-key-file.ts';

const USAGE = 'Usage: npm run seed -- [--seed 1] [--wallets 20] [--transfers 100] [--orders 20] [--json]';
const AT_ONCE = 8;
const WAIT_SECONDS = 30;
const NAMES = [
  'ada',
  'amir',
  'bruno',
  'chloe',
  'dmitri',
  'elif',
  'femi',
  'grace',
  'hana',
  'ines',
  'jonas',
  'kofi',
  'lena',
  'mateo',
  'noor',
  'olga',
] as const;
const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP'] as const;
const REASONS = ['Rent', 'Invoice', 'Dinner', 'Tickets', 'Refund of a deposit', 'Groceries', 'Salary'] as const;
/** An id that no wallet has, as a mistyped receiver would be. */
const NOBODY = '00000000-0000-8000-8000-000000000000';

interface Wallet {
  readonly walletId: string;
  readonly currency: string;
}
interface Plan {
  readonly seed: number;
  readonly wallets: number;
  readonly transfers: number;
  readonly orders: number;
}

const isJson = process.argv.includes('--json');
try {
  const plan = readArguments();
  const { DATA_DIR } = readSettings();
  const { api } = readStackFile(DATA_DIR);
  const progress = isJson ? silentProgress : showProgress(process.stderr);
  const figures = await fill(createClient({ baseUrl: api, apiKey: readApiKey(DATA_DIR) }), plan, progress);
  console.log(isJson ? JSON.stringify(figures) : describe(api, figures, keyOption(DATA_DIR)));
  process.exitCode = figures.ok ? EXIT.ok : EXIT.failed;
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: String(error instanceof Error ? error.message : error) }));
  process.exitCode = exitCodeFor(error);
}

function readArguments(): Plan {
  const values = readFlags(
    {
      seed: { type: 'string' },
      wallets: { type: 'string' },
      transfers: { type: 'string' },
      orders: { type: 'string' },
      json: { type: 'boolean' },
    },
    USAGE,
  );
  return {
    seed: wholeNumber('--seed', values.seed ?? '1', { max: 2 ** 32, usage: USAGE }),
    wallets: wholeNumber('--wallets', values.wallets ?? '20', { min: 2, max: 100_000, usage: USAGE }),
    transfers: wholeNumber('--transfers', values.transfers ?? '100', { max: 1_000_000, usage: USAGE }),
    orders: wholeNumber('--orders', values.orders ?? '20', { max: 100_000, usage: USAGE }),
  };
}

async function fill(api: Client, plan: Plan, progress: typeof silentProgress) {
  const { seed } = plan;
  const outcomes: Record<string, number> = {};
  const note = ({ status, failure_reason: reason }: Transfer | Transaction): void => {
    const outcome = reason === null ? status : `${status} ${reason}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const counts = { wallets: 0, wallets_opened: 0, transactions: 0, transfers: 0, orders: 0 };
  const orderOutcomes: Record<string, number> = {};
  const step = async (title: string, of: number, work: (n: number) => Promise<number>): Promise<void> => {
    const shown = progress.begin(title);
    await forEach(Array(of).keys(), AT_ONCE, async (n) => shown.update(`${await work(n)} of ${of}`));
    shown.done(`${of}`);
  };

  const wallets: Wallet[] = Array(plan.wallets);
  await step('Wallets', plan.wallets, async (n) => {
    const currency = drawFrom(CURRENCIES, seed, 'currency', n);
    const user_id = `${NAMES[n % NAMES.length]}-${seed}-${Math.floor(n / NAMES.length) + 1}`;
    const { wallet, isNew } = await api.wallets.open({ user_id, currency });
    wallets[n] = { walletId: wallet.wallet_id, currency };
    if (isNew) counts.wallets_opened += 1;
    return (counts.wallets += 1);
  });
  await step('Deposits', plan.wallets, async (n) => {
    const { walletId, currency } = wallets[n]!;
    const body = {
      wallet_id: walletId,
      type: 'CREDIT' as const,
      amount: drawAmount(200, 5_000, seed, 'deposit', n),
      currency,
      reference: 'Opening balance',
    };
    note(await api.transactions.create(body, waited(`seed-${seed}-deposit-${n}`)));
    return (counts.transactions += 1);
  });
  await step('Transfers', plan.transfers, async (n) => {
    note(await api.transfers.create(transferOf(seed, n, wallets), waited(`seed-${seed}-transfer-${n}`)));
    return (counts.transfers += 1);
  });
  const withdrawals = Math.floor(plan.wallets / 5);
  await step('Withdrawals', withdrawals, async (n) => {
    const { walletId, currency } = wallets[n * 5]!;
    const body = {
      wallet_id: walletId,
      type: 'DEBIT' as const,
      amount: drawAmount(10, 400, seed, 'withdrawal', n),
      currency,
      reference: 'To the bank',
    };
    note(await api.transactions.create(body, waited(`seed-${seed}-withdrawal-${n}`)));
    return (counts.transactions += 1);
  });
  const place = plan.orders === 0 ? undefined : await openShop(api, seed);
  if (place !== undefined)
    await step('Orders', plan.orders, async (n) => {
      const { status, cancel_reason: reason } = await place(n);
      const outcome = reason === null ? status : `${status} ${reason}`;
      orderOutcomes[outcome] = (orderOutcomes[outcome] ?? 0) + 1;
      return (counts.orders += 1);
    });
  const hasEnded = (outcome: string): boolean => /^(COMPLETED|PROCESSED|FAILED|CANCELED)/.test(outcome);
  const ok = Object.keys(outcomes).every(hasEnded) && orderOutcomes['PENDING'] === undefined;
  return { ok, seed, ...counts, outcomes, order_outcomes: orderOutcomes };
}

/** The options of a call that returns when its movement has ended, or after WAIT_SECONDS. */
function waited(idempotencyKey: string): CallOptions {
  return { idempotencyKey, waitSeconds: WAIT_SECONDS };
}

/** A transfer, mostly between two wallets of one currency; now and then one that will be refused, as in real life. */
function transferOf(seed: number, n: number, wallets: readonly Wallet[]): BodyOf<'createTransfer'> {
  const of = (what: string): number => draw(seed, what, n);
  const sender = wallets[Math.floor(of('sender') * wallets.length)]!;
  const others = wallets.filter(({ walletId }) => walletId !== sender.walletId);
  const alike = others.filter(({ currency }) => currency === sender.currency);
  const receivers = of('other currency') < 0.03 || alike.length === 0 ? others : alike;
  const receiver = receivers[Math.floor(of('receiver') * receivers.length)]!;
  return {
    sender_wallet_id: sender.walletId,
    receiver_wallet_id: of('mistyped') < 0.03 ? NOBODY : receiver.walletId,
    amount:
      of('too much') < 0.05 ? drawAmount(20_000, 50_000, seed, 'amount', n) : drawAmount(1, 120, seed, 'amount', n),
    currency: sender.currency,
    reference: `${drawFrom(REASONS, seed, 'reference', n)} ${n + 1}`,
    metadata: { sample: 'true' },
  };
}

function describe(
  api: string,
  {
    wallets,
    wallets_opened,
    transactions,
    transfers,
    orders,
    outcomes,
    order_outcomes,
  }: Awaited<ReturnType<typeof fill>>,
  key: string,
): string {
  const linesOf = (counted: Readonly<Record<string, number>>): string[] =>
    Object.entries(counted)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([outcome, howMany]) => `  ${outcome.padEnd(32)} ${howMany}`);
  return [
    '',
    `${wallets} wallets, ${wallets_opened} of them new; ${transactions} transactions and ${transfers} transfers:`,
    ...linesOf(outcomes),
    ...(orders === 0 ? [] : ['', `${orders} orders:`, ...linesOf(order_outcomes)]),
    '',
    `Look: curl ${key} '${api}/v1/transfers?status=FAILED&limit=5'`,
  ].join('\n');
}
