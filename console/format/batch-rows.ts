/** The items of a batch from the rows of a CSV, whose first row names the columns as the API names the fields. */
const REQUIRED = ['sender_wallet_id', 'receiver_wallet_id', 'amount'] as const;
const OPTIONAL = ['currency', 'reference'] as const;
/** Of a file of faulty or failed rows that the console has written. */
const IGNORED: readonly string[] = ['row', 'fault', 'transfer_id', 'status', 'failure_reason'];

export const ROWS_MAX = 10_000;

export interface BatchItem {
  sender_wallet_id: string;
  receiver_wallet_id: string;
  amount: string;
  currency?: string;
  reference?: string;
}

/** What is wrong with the first row; undefined if nothing is. */
export function faultOfHeader(header: readonly string[]): string | undefined {
  const names = header.map(named);
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length > 0)
    return `The first row has to name the columns; ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`;
  const known: readonly string[] = [...REQUIRED, ...OPTIONAL];
  const twice = known.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice.length > 0) return `The first row names ${twice.join(', ')} twice.`;
  const unknown = names.filter((name) => name !== '' && !known.includes(name) && !IGNORED.includes(name));
  return unknown.length > 0
    ? `There is no column ${unknown.join(', ')}; those that there are: ${known.join(', ')}.`
    : undefined;
}

/**
 * The amount stays the text that it is; an empty optional field is left out. Throws where there is something in a column without a name, as
 * where an amount was written with a comma for its thousands: what is meant is not known.
 */
export function itemOf(header: readonly string[], row: readonly string[], number: number): BatchItem {
  const without = row.findIndex((field, index) => field.trim() !== '' && named(header[index] ?? '') === '');
  if (without !== -1)
    throw new Error(`Row ${number} has ${JSON.stringify(row[without])} in column ${without + 1}, which has no name.`);
  const given = Object.fromEntries(header.map((name, index) => [named(name), unguarded((row[index] ?? '').trim())]));
  const item: BatchItem = {
    sender_wallet_id: given['sender_wallet_id'] ?? '',
    receiver_wallet_id: given['receiver_wallet_id'] ?? '',
    amount: given['amount'] ?? '',
  };
  for (const name of OPTIONAL) if (given[name]) item[name] = given[name];
  return item;
}

/** Without the apostrophe by which a field is kept from being taken for a formula. */
function unguarded(text: string): string {
  return text.replace(/^'(?=[=+@\t-])/, '');
}

function named(text: string): string {
  return text.trim().toLowerCase();
}
