/**
 * What is asked of a movement only when it is accepted, and not of a repeat: rules that a setting chooses, or that have become
 * stricter. A repeat of what an earlier version accepted names what has moved; refused, it would look as if nothing had.
 */
import { decimalsMax, isWithinDecimals, type AmountPrecision, type Passage } from '../../domain/amount-precision.ts';
import type { Currency } from '../../domain/currency.ts';
import type { Fault } from '../http/problem.ts';
import { bodyFault } from '../http/validation.ts';

export interface JudgedAmount {
  /** Canonical. */
  readonly amount: string;
  readonly currency: Currency;
}

/** Of an amount at `path` that is finer than its currency allows; none otherwise. */
export function precisionFaults(
  { amount, currency }: JudgedAmount,
  passage: Passage,
  precision: AmountPrecision,
  path: readonly PropertyKey[] = ['amount'],
): Fault[] {
  const decimals = decimalsMax(currency, passage, precision);
  return isWithinDecimals(amount, decimals)
    ? []
    : [bodyFault('amount_too_precise', path, tooPrecise(currency, decimals, passage))];
}

function tooPrecise(currency: Currency, decimals: number, passage: Passage): string {
  if (decimals === 0) return `${currency} has no decimals: must be a whole number.`;
  const where = passage === 'outside' ? ', and what comes in or goes out has no more' : '';
  return `${currency} has ${decimals} decimals${where}.`;
}
