/**
 * Money: an ISO 4217 currency and a whole number of ten-thousandths of its unit, as a bigint.
 * Owns the one conversion between that and the decimal strings of the wire and of numeric(19,4).
 * Pure; anybody may import it, workflows included. Never goes through `number`.
 */
import type { Currency } from './currency.ts';

/** @public */
export interface Money {
  readonly currency: Currency;
  /** Ten-thousandths of the currency's unit: 25.00 is 250000n. */
  readonly units: bigint;
}

/** The largest amount of one movement, which is what numeric(19,4) holds: fifteen digits and four decimals. */
const AMOUNT_UNITS_MAX = 10n ** 19n - 1n;

/** The decimals of every currency, in the ledger and on the wire. */
export const LEDGER_DECIMALS = 4;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,4}))?$/;

/**
 * Converts a decimal string with at most four decimals, such as `"25"` or `"-3.1"`, to ten-thousandths. Throws a RangeError for
 * anything else: `amountProblem` judges input from outside first.
 */
export function parseUnits(decimal: string): bigint {
  const match = DECIMAL.exec(decimal);
  if (match === null)
    throw new RangeError(`not a decimal with at most ${LEDGER_DECIMALS} places: ${JSON.stringify(decimal)}`);
  const [, sign = '', whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction.padEnd(LEDGER_DECIMALS, '0'));
  return sign === '-' ? -units : units;
}

/** The canonical decimal string, always with four decimals: 250000n is `"25.0000"`. The inverse of `parseUnits`. */
export function formatUnits(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(LEDGER_DECIMALS + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -LEDGER_DECIMALS)}.${digits.slice(-LEDGER_DECIMALS)}`;
}

export type AmountProblem = 'amount_invalid' | 'amount_not_positive' | 'amount_too_precise' | 'amount_too_large';

/**
 * Why a string is not the amount of a movement, or undefined if it is one: plain decimal notation, no sign, exponent,
 * space or leading zero, more than zero, at most fifteen digits before the point and four after it.
 */
export function amountProblem(text: string): AmountProblem | undefined {
  // A bounded length comes first, so that the patterns below never see a megabyte.
  if (text.length > 64) return /^\d+(\.\d+)?$/.test(text.slice(0, 64)) ? 'amount_too_large' : 'amount_invalid';
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return 'amount_invalid';
  if (text.startsWith('-')) return 'amount_not_positive';
  if ((text.split('.')[1] ?? '').length > LEDGER_DECIMALS) return 'amount_too_precise';
  const units = parseUnits(text);
  if (units > AMOUNT_UNITS_MAX) return 'amount_too_large';
  return units === 0n ? 'amount_not_positive' : undefined;
}
