/**
 * The judgment whether the wallet shards did for a movement what its row says: the entries, the fences and the steps that belong to
 * its status, in its amount and currency, on its wallets. Pure; the audit and the reconciliation share it.
 */
import { formatUnits, parseUnits } from '../money.ts';
import { endOfTransaction } from './transaction.ts';
import { endOfLeg, isTerminal, type FailureDetail, type TransferStatus } from './transfer.ts';

interface MovementRow {
  readonly status: string;
  readonly failure_reason: string | null;
  readonly failure_detail: FailureDetail | null;
  readonly amount: string;
  readonly currency: string;
}

export interface TransferRow extends MovementRow {
  readonly sender: string;
  readonly receiver: string;
  readonly capture_method: string;
  /** The captured amount of a hold, once it is decided. */
  readonly captured: string | null;
  readonly scheduled: string | null;
  /** The amount that the row says is reversed, and the sum of the reversals that are not FAILED or CANCELED. */
  readonly reversed: string;
  readonly reversals: string;
  /** Each with its reason, in the order in which they were reached. */
  readonly steps: readonly string[];
  /** The actions in the log of its case, in any order: `refund` and `advanced` are looked for, and whether there is any. */
  readonly caseLog: readonly string[];
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
  /** Of a refund that went to the external wallet, `paid_to` is that wallet. */
  readonly detail: { readonly paid_to?: string; readonly limit?: string; readonly remaining?: string } | null;
  readonly is_hold: boolean;
  readonly wallet: string;
  /** Of a transfer's debit and credit: the other wallet; null in fences from before that was kept. */
  readonly counterparty?: string | null;
  readonly currency: string;
  readonly amount: string;
}

/** The entries and fences that the shards have of a movement. */
export interface Moved {
  readonly entries: readonly Entry[];
  readonly fences: readonly Fence[];
}

const EXTERNAL = 'the external wallet';

/** The problems of a transfer, in sentences; none if it is as it should be. */
export function transferProblems(given: TransferRow, { entries, fences }: Moved): string[] {
  const row = asCaptured(given, fences);
  const status = row.status as TransferStatus;
  const legs = legsOf(row, fences);
  const found = entries.map((entry) => lineOf(row.currency, entry)).sort();
  const isDone = (...names: (keyof typeof legs)[]): boolean =>
    isSame(
      found,
      names.flatMap((name) => legs[name]),
    );
  const all = Object.values(legs).flat();
  const fits =
    status === 'COMPLETED'
      ? isDone('debit', 'credit', 'rest', 'advance')
      : isTerminal(status)
        ? isSame(found, []) || isDone('debit', 'refund', 'advance')
        : new Set(found).size === found.length &&
          found.every((each) => all.includes(each)) &&
          (status !== 'DEBITED' || legs.debit.every((each) => found.includes(each)));
  return [
    ...(fits ? [] : [`it is ${status} with the entries: ${found.join('; ') || 'none'}`]),
    ...fenceProblems(row, fences, {
      debit: [row.sender, [row.amount]],
      // A credit may have been canceled before it was known how much would be captured.
      credit: [row.receiver, [creditAmountOf(row), row.amount]],
      refund: [row.sender, status === 'COMPLETED' ? [restOf(row)] : [row.amount, restOf(row)]],
      release: [row.sender, [row.amount]],
      advance: [row.sender, [row.amount]],
    }),
    ...holdProblems(row, fences),
    ...(isTerminal(status) ? advanceProblems(row, fences) : []),
    ...(isTerminal(status) ? endProblems(row, transferEndOf(fences)) : []),
    ...stepProblems(row, status),
    ...(row.reversed === row.reversals
      ? []
      : [`${row.reversed} of it is said to be reversed, but its reversals sum to ${row.reversals}`]),
  ];
}

/** Takes the captured amount from the credit: the row may have been read before the capture, the shards after the credit. */
function asCaptured(row: TransferRow, fences: readonly Fence[]): TransferRow {
  const credit = fences.find(({ leg, outcome }) => leg === 'credit' && outcome === 'applied');
  const isUnknown =
    row.capture_method === 'manual' && row.captured === null && !isTerminal(row.status as TransferStatus);
  return isUnknown && credit !== undefined ? { ...row, captured: credit.amount } : row;
}

/** Whether a hold that is open in its row is settled by its fences, while no compensation of it has needed an operator. */
export function isSettledHold({ status, capture_method: method, caseLog }: TransferRow, { fences }: Moved): boolean {
  return (
    status === 'DEBITED' && method === 'manual' && caseLog.length === 0 && fences.some(({ leg }) => leg === 'credit')
  );
}

/**
 * The entries that each part of a transfer should have: none for a part without an amount, nor for an advance that was not paid.
 */
function legsOf(row: TransferRow, fences: readonly Fence[]) {
  const line = (type: string, amount: string, wallet: string): string[] =>
    parseUnits(amount) === 0n ? [] : [`${type} ${amount} ${row.currency} on ${wallet}`];
  const refund = fences.find(({ leg }) => leg === 'refund');
  const payee = refund?.detail?.paid_to === undefined ? row.sender : EXTERNAL;
  const isAdvanced = isApplied(fences, 'advance');
  return {
    debit: line('DEBIT', row.amount, row.sender),
    credit: line('CREDIT', creditAmountOf(row), row.receiver),
    /** The rest after a partial capture. */
    rest: line('REFUND', restOf(row), payee),
    refund: line('REFUND', row.amount, payee),
    advance: isAdvanced ? [...line('REFUND', row.amount, row.sender), ...line('DEBIT', row.amount, EXTERNAL)] : [],
  };
}

/** The amount of the credit that was asked for: the captured amount of a hold, or all of it if nothing is captured. */
function creditAmountOf({ amount, captured }: TransferRow): string {
  return captured === null || parseUnits(captured) === 0n ? amount : captured;
}

function restOf(row: TransferRow): string {
  return formatUnits(parseUnits(row.amount) - parseUnits(creditAmountOf(row)));
}

function lineOf(currency: string, { type, amount, currency: own, wallet, kind }: Entry): string {
  return `${type} ${amount} ${own ?? currency} on ${kind === 'user' ? wallet : EXTERNAL}`;
}

/**
 * A manual transfer's debit is held until its end, when it is released. No other transfer's debit is, except a hold whose row was
 * lost, and whose key has come back as a plain transfer of the same terms: that hold must be released.
 */
function holdProblems(row: TransferRow, fences: readonly Fence[]): string[] {
  const debit = fences.find(({ leg, outcome }) => leg === 'debit' && outcome === 'applied');
  if (debit === undefined) return [];
  const isManual = row.capture_method === 'manual';
  const isReleased = fences.some(({ leg }) => leg === 'release');
  if (debit.is_hold !== isManual && !(debit.is_hold && isReleased))
    return [`it is ${row.capture_method}, but its debit is not`];
  if (isReleased && !debit.is_hold) return ['it was released, but never held'];
  return debit.is_hold && !isReleased && isTerminal(row.status as TransferStatus)
    ? ['it has ended, but is still held']
    : [];
}

/**
 * A sender is paid in advance only because an operator asked for it. If the credit had landed, the external wallet has paid the
 * advance: that is in order if the end says so, for the advance's fence was asked before the end. An advance that was paid after
 * that is a gift, and one that was asked for and never closed can still become a gift.
 */
function advanceProblems(row: TransferRow, fences: readonly Fence[]): string[] {
  const isForced = row.caseLog.includes('refund');
  const saysPaid = row.caseLog.includes('advanced');
  const isPaid = isApplied(fences, 'advance');
  const isCompleted = row.status === 'COMPLETED';
  const isClosed = fences.some(({ leg }) => leg === 'advance' || leg === 'refund');
  const problems: [boolean, string][] = [
    [isPaid && !isForced, 'its sender was paid in advance, but no operator asked for it'],
    [isPaid && isCompleted && !saysPaid, 'its sender was paid in advance, but not before it was COMPLETED'],
    [!isPaid && saysPaid, 'its end says that its sender was paid in advance, which its fence does not'],
    [isCompleted && isForced && !isClosed, 'it is COMPLETED, and its sender can still be paid in advance'],
  ];
  return problems.filter(([isSo]) => isSo).map(([, problem]) => problem);
}

function isApplied(fences: readonly Fence[], wanted: string): boolean {
  return fences.some(({ leg, outcome }) => leg === wanted && outcome === 'applied');
}

/** The problems of a one-sided transaction, as `transferProblems`. */
export function transactionProblems(row: TransactionRow, { entries, fences }: Moved): string[] {
  const [leg, counterType] = row.type === 'CREDIT' ? ['deposit', 'DEBIT'] : ['withdrawal', 'CREDIT'];
  const line = (type: string, wallet: string): string => `${type} ${row.amount} ${row.currency} on ${wallet}`;
  const both = [line(row.type, row.wallet), line(counterType, EXTERNAL)];
  const found = entries.map((entry) => lineOf(row.currency, entry));
  const fits =
    row.status === 'PROCESSED'
      ? isSame(found, both)
      : isSame(found, []) || (row.status === 'PENDING' && isSame(found, both));
  return [
    ...(fits ? [] : [`it is ${row.status} with the entries: ${found.join('; ') || 'none'}`]),
    ...fenceProblems(row, fences, { [leg]: [row.wallet, [row.amount]] }),
    ...(['AWAITING_APPROVAL', 'PENDING'].includes(row.status) ? [] : endProblems(row, transactionEndOf(fences))),
  ];
}

/** Each leg is decided once, for its own wallet, one of its amounts, and the row's currency. */
function fenceProblems(
  row: { currency: string },
  fences: readonly Fence[],
  legs: Record<string, readonly [wallet: string, amounts: readonly string[]]>,
): string[] {
  const decided = fences.map(({ leg }) => leg);
  const twice = decided.filter((leg, index) => decided.indexOf(leg) !== index);
  const strange = fences.filter(
    ({ leg, wallet, amount, currency }) =>
      legs[leg]?.[0] !== wallet || !legs[leg][1].includes(amount) || currency !== row.currency,
  );
  return [
    ...twice.map((leg) => `its ${leg} is decided in two shards`),
    ...strange.map(({ leg, wallet, amount, currency }) => `its ${leg} was for ${amount} ${currency} on ${wallet}`),
  ];
}

/** The end that the fences lead to, as the workflow adopts it; undefined if they do not decide. */
function transferEndOf(
  fences: readonly Fence[],
): { status: string; failureReason?: string; detail?: FailureDetail } | undefined {
  const [debit, credit] = ['debit', 'credit'].map((leg) => fences.find((fence) => fence.leg === leg));
  if (debit === undefined || credit === undefined) return undefined;
  if (credit.outcome === 'applied') return debit.outcome === 'applied' ? { status: 'COMPLETED' } : undefined;
  return endOfLeg(answerOf(debit.outcome === 'rejected' ? debit : credit) as Parameters<typeof endOfLeg>[0]);
}

function transactionEndOf([fence]: readonly Fence[]):
  { status: string; failureReason?: string; detail?: FailureDetail } | undefined {
  return fence === undefined ? undefined : endOfTransaction(answerOf(fence) as Parameters<typeof endOfTransaction>[0]);
}

/** A fence as its operation returns it. */
function answerOf({ outcome, reason, detail }: Fence) {
  return { outcome, reason, ...(detail === null ? {} : { detail }) };
}

function endProblems(
  row: { status: string; failure_reason: string | null; failure_detail: FailureDetail | null },
  end: { status: string; failureReason?: string; detail?: FailureDetail } | undefined,
): string[] {
  const isSameDetail =
    row.failure_detail?.limit === end?.detail?.limit && row.failure_detail?.remaining === end?.detail?.remaining;
  if (end?.status === row.status && (end.failureReason ?? null) === row.failure_reason && isSameDetail) return [];
  const said = [row.status, row.failure_reason].filter(Boolean).join(' ');
  return [
    `it is ${said}, but its fences say ${end === undefined ? 'nothing of the kind' : [end.status, end.failureReason].filter(Boolean).join(' ')}`,
  ];
}

function stepProblems({ steps, scheduled, failure_reason: reason }: TransferRow, status: TransferStatus): string[] {
  const reached = steps.filter((step) => !/^(AWAITING_APPROVAL|SCHEDULED|ATTENTION)/.test(step));
  const last = [status, reason].filter(Boolean).join(' ');
  const ways = {
    AWAITING_APPROVAL: [[]],
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
  // A scheduled transfer may be canceled, or time out, before it begins.
  const isOverUnbegun = scheduled !== null && isTerminal(status) && reached.join() === last;
  if (isOverUnbegun || ways[status].some((way) => way.join() === reached.join())) return [];
  return [`it is ${last} with the steps: ${steps.join('; ') || 'none'}`];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join('\n') === b.toSorted().join('\n');
}
