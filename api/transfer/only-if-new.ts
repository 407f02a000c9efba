/**
 * The rules that a movement must meet only when it is accepted, and not when it is repeated: a setting chooses them, or they have
 * become stricter. A repeat of what an earlier version accepted names money that has moved; if it were refused, it would look as if
 * nothing had.
 */
import { decimalsMax, isWithinDecimals, type AmountPrecision, type Passage } from '../../domain/amount-precision.ts';
import type { Currency } from '../../domain/currency.ts';
import { FIELD_FAULTS } from '../http/field-codes.ts';
import { forbiddenCharacter } from '../http/plain-text.ts';
import type { Fault } from '../http/problem.ts';
import { bodyFault, FAULTS_MAX } from '../http/validation.ts';

export interface JudgedAmount {
  /** In its canonical form, with four decimals. */
  readonly amount: string;
  readonly currency: Currency;
}

/** The fault of an amount at `path` that is finer than its currency allows; empty if it is not. */
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

export interface JudgedNotes {
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The faults of a reference, and of keys and values of metadata, that are not one line of text; `path` leads to their object. */
export function noteFaults({ reference, metadata = {} }: JudgedNotes, path: readonly PropertyKey[] = []): Fault[] {
  const notes: (readonly [place: readonly PropertyKey[], text: string, what: string])[] = [
    [['reference'], reference ?? '', 'It'],
    ...Object.entries(metadata).flatMap(([key, value]) => [
      // Not at the key's own path, which would repeat the forbidden character.
      [['metadata'], key, 'A key'] as const,
      [['metadata', ...(forbiddenCharacter(key) === undefined ? [key] : [])], value, 'It'] as const,
    ]),
  ];
  return notes
    .flatMap(([place, text, what]) => {
      const character = forbiddenCharacter(text);
      if (character === undefined) return [];
      const detail = `${what} has ${character}. ${FIELD_FAULTS.character_forbidden}`;
      return [bodyFault('character_forbidden', [...path, ...place], detail)];
    })
    .slice(0, FAULTS_MAX);
}

/** The faults of the items of a batch, at most FAULTS_MAX. */
export function itemFaults(items: readonly (JudgedAmount & JudgedNotes)[], precision: AmountPrecision): Fault[] {
  return items
    .flatMap((item, index) => [
      ...precisionFaults(item, 'between_wallets', precision, ['items', index, 'amount']),
      ...noteFaults(item, ['items', index]),
    ])
    .slice(0, FAULTS_MAX);
}

function tooPrecise(currency: Currency, decimals: number, passage: Passage): string {
  if (decimals === 0) return `${currency} has no decimals: must be a whole number.`;
  const where = passage === 'outside' ? ', and what comes in or goes out has no more' : '';
  return `${currency} has ${decimals} decimals${where}.`;
}
