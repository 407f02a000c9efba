/**
 * Amounts as people read them, and sums of them. They are decimal strings with four decimals, or whole ten-thousandths as bigint, and
 * never a JavaScript number, which would round.
 */
const DECIMALS = 4;

export interface AmountText {
  /** `-1,234.50`: as many decimals as the currency has, and more where the amount does. */
  readonly text: string;
  /** How many characters of decimals are missing before the longest, so that points stand below each other. */
  readonly missing: number;
}

export function formatAmount(amount: string, currency: string | undefined): AmountText {
  const [, sign = '', whole = '', decimals = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  if (whole === '') return { text: amount, missing: 0 };
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  const least = minorUnitsOf(currency);
  const shown = decimals.replace(/0+$/, '').padEnd(least, '0');
  const text = `${sign === '' ? '' : '−'}${grouped}${shown === '' ? '' : `.${shown}`}`;
  return { text, missing: shown === '' ? DECIMALS + 1 : DECIMALS - shown.length };
}

/** `1,840.00 USD`, for sentences. */
export function inCurrency(amount: string, currency: string): string {
  return `${formatAmount(amount, currency).text} ${currency}`;
}

const minorUnits = new Map<string, number>();

/** By the browser's own table; two for a currency that it does not know. */
function minorUnitsOf(currency: string | undefined): number {
  if (currency === undefined) return 2;
  const known = minorUnits.get(currency);
  if (known !== undefined) return known;
  let units = 2;
  try {
    units = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    // Not three letters.
  }
  minorUnits.set(currency, units);
  return units;
}

/** Ten-thousandths. Undefined if the text is no amount. */
export function unitsOf(amount: string): bigint | undefined {
  const [, sign, whole, decimals = ''] = /^(-?)(\d{1,30})(?:\.(\d{1,4}))?$/.exec(amount.trim()) ?? [];
  if (whole === undefined) return undefined;
  const units = BigInt(whole + decimals.padEnd(DECIMALS, '0'));
  return sign === '-' ? -units : units;
}

/**
 * An amount as a person writes it, without the commas between thousands. A comma that stands elsewhere may be meant as a decimal
 * point: such a text is left as it is, and the API refuses it.
 */
export function amountWritten(text: string): string {
  const written = text.trim();
  return /^\d{1,3}(,\d{3})+(\.\d*)?$/.test(written) ? written.replaceAll(',', '') : written;
}

export function amountOf(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(DECIMALS + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}

export function sumOf(amounts: Iterable<string>): string {
  let sum = 0n;
  for (const amount of amounts) sum += unitsOf(amount) ?? 0n;
  return amountOf(sum);
}

export function negated(amount: string): string {
  return amountOf(-(unitsOf(amount) ?? 0n));
}

/** The place of an amount between two others, from 0 to 1, for plots alone: it is rounded. */
export function shareOf(units: bigint, least: bigint, most: bigint): number {
  return most === least ? 0.5 : Number(((units - least) * 100_000n) / (most - least)) / 100_000;
}
