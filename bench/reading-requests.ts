/**
 * The requests of the reading bench: every list and get of the API, each filter with values that many, some, three or no movements
 * have, and combined filters.
 */
import { DATA } from './reading-data.ts';

const { amounts, references } = DATA;
const between = ([min, max]: readonly [string, string]): string => `amount_min=${min}&amount_max=${max}`;

const MOVEMENT_FILTERS: readonly (readonly [name: string, query: string])[] = [
  ['all', ''],
  ['200 of all', 'limit=200'],
  ['from half a year ago', `created_before=${DATA.createdBefore}`],
  ['of a month', `created_after=${DATA.createdAfter}&created_before=${DATA.createdBefore}`],
  ['status: many', 'status=FAILED'],
  ['status: three', 'status=PENDING'],
  ['wallet: half of all', `wallet_id=${DATA.halfWallet}`],
  ['wallet: three', `wallet_id=${DATA.threeWallet}`],
  ['wallet: none', `wallet_id=${DATA.noWallet}`],
  ['wallet: half of all, three with the status', `wallet_id=${DATA.halfWallet}&status=FAILED`],
  ['reference: many', `reference=${references.frequent}`],
  ['reference: some', `reference=${references.some}`],
  ['reference: three', `reference=${encodeURIComponent(references.rare)}`],
  ['reference: none', `reference=${encodeURIComponent(references.none)}`],
  ['metadata: many', `metadata[channel]=${DATA.channel}`],
  ['metadata: some', `metadata[store]=${DATA.store}`],
  ['metadata: three', `metadata[order_id]=${DATA.rareOrder}`],
  ['metadata: none', 'metadata[order_id]=none'],
  ['amount: many', between(amounts.frequent)],
  ['amount: some', between(amounts.some)],
  ['amount: three', between(amounts.rare)],
  ['amount: none', between(amounts.none)],
  ['amount from half a year ago', `${between(amounts.frequent)}&created_before=${DATA.createdBefore}`],
  ['wallet and amount', `wallet_id=${DATA.halfWallet}&${between(amounts.frequent)}`],
  ['wallet and a rare amount', `wallet_id=${DATA.halfWallet}&${between(amounts.rare)}`],
  ['wallet and metadata', `wallet_id=${DATA.halfWallet}&metadata[channel]=c2`],
  ['metadata, amount and status', `metadata[channel]=${DATA.channel}&${between(amounts.frequent)}&status=COMPLETED`],
];

const TRANSFER_FILTERS: readonly (readonly [name: string, query: string])[] = [
  ...MOVEMENT_FILTERS,
  ['status: none', 'status=CANCELED'],
  ['status: nearly all', 'status=COMPLETED'],
  ['recurring transfer', `recurring_transfer_id=${DATA.recurringId}`],
  ['reversals', `reverses_transfer_id=${DATA.transferId}`],
];

const TRANSACTION_FILTERS: readonly (readonly [name: string, query: string])[] = [
  // The smaller database has too few of them for a page of a value that some have.
  ...MOVEMENT_FILTERS.filter(([name, query]) => !name.endsWith(': some') && !query.includes('COMPLETED')),
  ['type: nearly all', 'type=CREDIT'],
  ['type: three', 'type=DEBIT'],
];

const of = (path: string, filters: readonly (readonly [string, string])[]) =>
  filters.map(([name, query]) => ({ name: `${path} ${name}`, path: `/v1/${path}?${query}` }));

export const MOVEMENT_REQUESTS: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'a transfer', path: `/v1/transfers/${DATA.transferId}` },
  { name: 'the steps of a transfer', path: `/v1/transfers/${DATA.transferId}/steps` },
  { name: 'a transaction', path: `/v1/transactions/${DATA.transactionId}` },
  ...of('transfers', TRANSFER_FILTERS),
  ...of('transactions', TRANSACTION_FILTERS),
];

export const WALLET_REQUESTS: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'a wallet', path: `/v1/wallets/${DATA.halfWallet}` },
  { name: 'wallets', path: '/v1/wallets' },
  { name: 'wallets of a user', path: '/v1/wallets?user_id=user-7' },
  { name: 'statement: half of all entries', path: `/v1/wallets/${DATA.halfWallet}/entries` },
  { name: 'a balance', path: `/v1/wallets/${DATA.halfWallet}/balance` },
  { name: 'a balance half a year ago', path: `/v1/wallets/${DATA.halfWallet}/balance?at=${DATA.createdBefore}` },
  { name: 'limits', path: `/v1/wallets/${DATA.halfWallet}/limits` },
];
