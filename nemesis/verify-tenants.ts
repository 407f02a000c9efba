/** The check, after a drain, that the tenants of a run have nothing of each other: in the databases, and in what the API answers each. */
import { formatUnits, parseUnits } from '../domain/money.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Book } from './book.ts';
import { compareTenants } from './compare-tenants.ts';
import { PLACES, type Stack } from './stack.ts';
import { SECOND_TENANT, type Side, type Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';
import type { World } from './world.ts';

interface StoredWallet {
  readonly wallet: string;
  readonly tenant: Tenant;
  readonly currency: string;
  readonly balance: string;
}

interface Owned extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: Tenant;
}

type Report = (subject: string | undefined, detail: string) => void;

const PAGE = 200;
const EVENTS = 1_000;

/** Returns the number of movements that have named another tenant's wallet, and moved nothing. */
export async function verifyTenants(
  stack: Stack,
  { all }: Tenants,
  book: Book,
  violations: Violations,
): Promise<number> {
  const report: Report = (subject, detail) => violations.report('tenants', subject, detail);
  const shards = PLACES.filter((place) => place !== 'transfer');
  const ofShards = <Row extends Record<string, unknown>>(statement: string): Promise<Row[]> =>
    Promise.all(shards.map((place) => stack.rows<Row>(place, statement))).then((rows) => rows.flat());
  const wallets = await ofShards<StoredWallet & Record<string, unknown>>(
    `SELECT wallet_id AS wallet, tenant, currency, balance FROM wallets WHERE kind = 'user'`,
  );
  const rows = [
    ...(await stack.rows<Owned>('transfer', ROWS)),
    ...(await stack.rows<Owned>('order', ORDER_ROWS)),
    ...(await stack.rows<Owned>('inventory', STOCK_CHANGES)),
    ...(await stack.rows<Owned>('delivery', SHIPMENTS)),
    ...(await stack.rows<Owned>('accounting', BOOKS)),
  ];
  const ledger = await ofShards<{ movement: string; wallet: string }>(
    `SELECT DISTINCT transaction_id AS movement, wallet_id AS wallet FROM ledger_entries JOIN wallets USING (wallet_id) WHERE kind = 'user'`,
  );
  const ofSecond = new Set(
    all.filter(({ tenant }) => tenant === SECOND_TENANT).flatMap(({ world }) => walletsOf(world)),
  );
  for (const { wallet, tenant } of wallets)
    if (ofSecond.has(wallet) !== (tenant === SECOND_TENANT)) report(wallet, `it is stored as ${tenant}'s`);
  const across = compareTenants(book, { rows, wallets, ledger }, report);
  if (all.length > 1) for (const side of all) await compareAnswers(stack, side, wallets, report);
  return across;
}

/** Holds the API's lists and sums against the rows. */
async function compareAnswers(
  stack: Stack,
  { tenant, patientApi }: Side,
  stored: readonly StoredWallet[],
  report: Report,
): Promise<void> {
  const own = stored.filter((row) => row.tenant === tenant);
  const missing = new Set(own.map(({ wallet }) => wallet));
  for await (const { wallet_id: id } of patientApi.wallets.listAll({ limit: PAGE }))
    if (!missing.delete(id)) report(id, `the list of wallets of ${tenant} has it, and it is not ${tenant}'s`);
  for (const id of missing) report(id, `the list of wallets of ${tenant} lacks it`);

  const sums = new Map<string, bigint>();
  for (const { currency, balance } of own) sums.set(currency, (sums.get(currency) ?? 0n) + parseUnits(balance));
  for (const { currency, total } of await patientApi.overview.totals()) {
    const sum = formatUnits(sums.get(currency) ?? 0n);
    if (total !== sum) report(undefined, `the total of ${tenant} is ${total} ${currency}, and its wallets have ${sum}`);
  }

  const [newest] = await stack.rows<{ after: number }>('events', NEWEST, [EVENTS]);
  for (let after = newest!.after, head = Infinity; after < head;) {
    const page = await patientApi.events.list({ after, limit: PAGE });
    for (const { subject, position, tenant: owner = 'default' } of page.data)
      if (owner !== tenant) report(subject, `the events of ${tenant} have position ${position}, which is ${owner}'s`);
    head = page.head;
    after = page.next_after;
  }
}

function walletsOf({ hot, cold, shaky, suspended, poor, limited, euro, shop }: World): string[] {
  return [...hot, ...cold, shaky, suspended, poor, limited, euro, ...(shop?.sellers ?? [])];
}

const ROWS = `
  SELECT transfer_id AS id, tenant FROM transfers UNION ALL SELECT transaction_id, tenant FROM transactions
  UNION ALL SELECT batch_id, tenant FROM transfer_batches UNION ALL SELECT recurring_transfer_id, tenant FROM recurring_transfers
  UNION ALL SELECT coalesce(transfer_id, transaction_id), tenant FROM cases WHERE coalesce(transfer_id, transaction_id) IS NOT NULL`;

/** Of these, the id of the request that each is about. */
const ORDER_ROWS = `
  SELECT order_id AS id, tenant FROM orders UNION ALL SELECT return_id, tenant FROM returns UNION ALL SELECT order_id, tenant FROM order_cases`;
const STOCK_CHANGES = `
  SELECT cause_id AS id, tenant FROM stock_entries WHERE type IN ('RECEIPT', 'ADJUSTMENT', 'RESERVATION', 'ISSUE', 'RELEASE', 'RETURN', 'SCRAP')`;

const SHIPMENTS = 'SELECT order_id AS id, tenant FROM shipments';
const BOOKS = `
  SELECT order_id AS id, tenant FROM invoices UNION ALL SELECT order_id, tenant FROM credit_notes UNION ALL SELECT order_id, tenant FROM journals`;

/** The position behind which the last events of the log are. */
const NEWEST = 'SELECT greatest(position - $1, 0)::int AS after FROM log_head';
