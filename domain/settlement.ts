/**
 * Whether what the wallet shards did for a movement is what its row says: the entries, the fences and the steps that
 * belong to its status, in its amount and currency, on its wallets. Pure; the audit and the reconciliation judge by it.
 */
import { endOfTransaction } from './transaction.ts';
import { endOfLeg, isTerminal, type TransferStatus } from './transfer.ts';

interface MovementRow {
  readonly status: string;
  readonly failure_reason: string | null;
  readonly amount: string;
  readonly currency: string;
}

export interface TransferRow extends MovementRow {
  readonly sender: string;
  readonly receiver: string;
  /** Each with its reason, in the order in which they were reached. */
  readonly steps: readonly string[];
}

export interface TransactionRow extends MovementRow {
  readonly wallet: string;
  readonly type: string;
}

export interface Entry {
  readonly type: string;
  readonly amount: string;
  readonly wallet: string;
  readonly kind: 'user' | 'external';
  readonly currency: string;
}

export interface Fence {
  readonly leg: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly wallet: string;
  readonly currency: string;
  readonly amount: string;
}

/** What the shards did for a movement. */
export interface Moved {
  readonly entries: readonly Entry[];
  readonly fences: readonly Fence[];
}

/** What is wrong about a transfer, in sentences; nothing if it is as it should be. */
export function transferProblems(row: TransferRow, { entries, fences }: Moved): string[] {
  const status = row.status as TransferStatus;
  const line = (type: string, wallet: string): string => `${type} ${row.amount} ${row.currency} on ${wallet}`;
  const [debit, credit, refund] = [line('DEBIT', row.sender), line('CREDIT', row.receiver), line('REFUND', row.sender)];
  const found = entries
    .map(({ type, amount, currency, wallet }) => `${type} ${amount} ${currency} on ${wallet}`)
    .sort();

  const fits =
    status === 'COMPLETED'
      ? isSame(found, [credit, debit])
      : isTerminal(status)
        ? isSame(found, []) || isSame(found, [debit, refund])
        : new Set(found).size === found.length && found.every((each) => [debit, credit, refund].includes(each));
  return [
    ...(fits ? [] : [`it is ${status} with the entries: ${found.join('; ') || 'none'}`]),
    ...fenceProblems(row, fences, { debit: row.sender, credit: row.receiver, refund: row.sender }),
    ...(isTerminal(status) ? endProblems(row, transferEndOf(fences)) : []),
    ...stepProblems(row, status),
  ];
}

/** As above, of a one-sided transaction. */
export function transactionProblems(row: TransactionRow, { entries, fences }: Moved): string[] {
  const [leg, counterType] = row.type === 'CREDIT' ? ['deposit', 'DEBIT'] : ['withdrawal', 'CREDIT'];
  const line = (type: string, wallet: string): string => `${type} ${row.amount} ${row.currency} on ${wallet}`;
  const both = [line(row.type, row.wallet), line(counterType, 'the external wallet')];
  const found = entries.map(
    ({ type, amount, currency, wallet, kind }) =>
      `${type} ${amount} ${currency} on ${kind === 'user' ? wallet : 'the external wallet'}`,
  );
  const fits =
    row.status === 'PROCESSED'
      ? isSame(found, both)
      : isSame(found, []) || (row.status === 'PENDING' && isSame(found, both));
  return [
    ...(fits ? [] : [`it is ${row.status} with the entries: ${found.join('; ') || 'none'}`]),
    ...fenceProblems(row, fences, { [leg]: row.wallet }),
    ...(row.status === 'PENDING' ? [] : endProblems(row, transactionEndOf(fences))),
  ];
}

/** Each leg is decided once, for the row's amount and currency and the leg's own wallet. */
function fenceProblems(
  row: { amount: string; currency: string },
  fences: readonly Fence[],
  walletOf: Record<string, string>,
): string[] {
  const legs = fences.map(({ leg }) => leg);
  const twice = legs.filter((leg, index) => legs.indexOf(leg) !== index);
  const strange = fences.filter(
    ({ leg, wallet, amount, currency }) =>
      walletOf[leg] !== wallet || amount !== row.amount || currency !== row.currency,
  );
  return [
    ...twice.map((leg) => `its ${leg} is decided in two shards`),
    ...strange.map(({ leg, wallet, amount, currency }) => `its ${leg} was for ${amount} ${currency} on ${wallet}`),
  ];
}

/** The end that the fences lead to, as the workflow adopts it; undefined where they do not decide. */
function transferEndOf(fences: readonly Fence[]): { status: string; failureReason?: string } | undefined {
  const [debit, credit] = ['debit', 'credit'].map((leg) => fences.find((fence) => fence.leg === leg));
  if (debit === undefined || credit === undefined) return undefined;
  if (credit.outcome === 'applied') return debit.outcome === 'applied' ? { status: 'COMPLETED' } : undefined;
  return endOfLeg((debit.outcome === 'rejected' ? debit : credit) as Parameters<typeof endOfLeg>[0]);
}

function transactionEndOf([fence]: readonly Fence[]): { status: string; failureReason?: string } | undefined {
  return fence === undefined ? undefined : endOfTransaction(fence as Parameters<typeof endOfTransaction>[0]);
}

function endProblems(
  row: { status: string; failure_reason: string | null },
  end: { status: string; failureReason?: string } | undefined,
): string[] {
  if (end?.status === row.status && (end.failureReason ?? null) === row.failure_reason) return [];
  const said = [row.status, row.failure_reason].filter(Boolean).join(' ');
  return [
    `it is ${said}, but its fences say ${end === undefined ? 'nothing of the kind' : [end.status, end.failureReason].filter(Boolean).join(' ')}`,
  ];
}

function stepProblems({ steps, failure_reason: reason }: TransferRow, status: TransferStatus): string[] {
  const reached = steps.filter((step) => !/^(SCHEDULED|ATTENTION)/.test(step));
  const last = [status, reason].filter(Boolean).join(' ');
  const ways = {
    SCHEDULED: [[]],
    PENDING: [['PENDING']],
    DEBITED: [['PENDING', 'DEBITED']],
    COMPLETED: [
      ['PENDING', last],
      ['PENDING', 'DEBITED', last],
    ],
    FAILED: [
      ['PENDING', last],
      ['PENDING', 'DEBITED', last],
    ],
    CANCELED: [
      ['PENDING', last],
      ['PENDING', 'DEBITED', last],
    ],
  } satisfies Record<TransferStatus, string[][]>;
  if (ways[status].some((way) => way.join() === reached.join())) return [];
  return [`it is ${last} with the steps: ${steps.join('; ') || 'none'}`];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join('\n') === b.toSorted().join('\n');
}
