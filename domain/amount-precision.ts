/**
 * The precision that an amount may have. The ledger keeps four decimals of every currency; but an amount that nobody can pay out
 * should not come in, and should not be made by a division (docs/decisions/0025 says why). Pure; asked when a movement is accepted,
 * and never again.
 */
import { minorUnits, type Currency } from './currency.ts';
import { LEDGER_DECIMALS, parseUnits } from './money.ts';

/** `currency`: as the currency allows; `ledger`: four decimals of every currency. */
export type AmountPrecision = 'currency' | 'ledger';

/** The way of an amount: between two wallets, or in from the outside world or out to it. */
export type Passage = 'between_wallets' | 'outside';

/**
 * How many decimals an amount may have. Nobody outside can pay parts of a minor unit. Between wallets there may be such parts, as
 * for fees and prices of less than a cent, but not of a currency that has no minor unit at all.
 */
export function decimalsMax(currency: Currency, passage: Passage, precision: AmountPrecision): number {
  if (precision === 'ledger') return LEDGER_DECIMALS;
  const decimals = minorUnits(currency);
  return passage === 'outside' || decimals === 0 ? decimals : LEDGER_DECIMALS;
}

/** Whether an amount, a decimal string with at most four decimals, needs no more than `decimals`: zeros at its end do not count. */
export function isWithinDecimals(amount: string, decimals: number): boolean {
  return parseUnits(amount) % 10n ** BigInt(LEDGER_DECIMALS - decimals) === 0n;
}
