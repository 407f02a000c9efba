/** The items of a batch from the rows of a CSV, whose first row names the columns as the API names the fields. */
const REQUIRED = ['sender_wallet_id', 'receiver_wallet_id', 'amount'] as const;
const OPTIONAL = ['currency', 'reference'] as const;

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
  const unknown = names.filter((name) => name !== '' && !known.includes(name));
  return unknown.length > 0
    ? `There is no column ${unknown.join(', ')}; those that there are: ${known.join(', ')}.`
    : undefined;
}

/** The amount stays the text that it is; an empty optional field is left out. */
export function itemOf(header: readonly string[], row: readonly string[]): BatchItem {
  const given = Object.fromEntries(header.map((name, index) => [named(name), (row[index] ?? '').trim()]));
  const item: BatchItem = {
    sender_wallet_id: given['sender_wallet_id'] ?? '',
    receiver_wallet_id: given['receiver_wallet_id'] ?? '',
    amount: given['amount'] ?? '',
  };
  for (const name of OPTIONAL) if (given[name]) item[name] = given[name];
  return item;
}

function named(text: string): string {
  return text.trim().toLowerCase();
}
