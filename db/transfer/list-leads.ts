/**
 * The leads of a list: for each filter, the scans that its index offers in the order of creation, and the conditions that are
 * then left to be tested on the rows. Pure: it only builds SQL.
 */
import { and, or, sql, type SQL } from 'drizzle-orm';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';

/** A table of movements: its name, and the columns and values in which the tables differ. */
export interface Listed {
  readonly movement: 'transfer' | 'transaction';
  readonly table: string;
  readonly id: string;
  readonly wallets: readonly string[];
  /** The column by which the indexes have the status. */
  readonly statusColumn: 'status' | 'listed_status';
  /** The scan for a status that is null in `statusColumn`. */
  readonly unlisted?: { readonly status: string; readonly scan: Scan };
  /** By status, the condition on the batches that may have items with that status which the index by status leaves out. */
  readonly inBatches: Readonly<Record<string, SQL>>;
  /** The statuses for which there is an index by wallet and status. */
  readonly unsuccessful: readonly string[];
}

/** The condition that a column has a value. */
export interface Test {
  readonly column: string;
  readonly type: 'uuid' | 'text';
  readonly value: string;
  /** The column's index leaves out nulls, and the planner uses it only if the statement does so too. */
  readonly isSparse?: boolean;
}

/** A scan of an index, newest first. */
export type Scan =
  | { readonly by: 'columns'; readonly tests: readonly Test[]; readonly predicate?: SQL; readonly nullColumn?: string }
  | { readonly by: 'metadata'; readonly key: string; readonly value: string }
  /** The items of the batches for which this holds, batch by batch. */
  | { readonly by: 'batches'; readonly batches: SQL }
  /** Day by day, because no index has a range of amounts in the order of creation. */
  | { readonly by: 'amount'; readonly test: SQL };

export interface Lead {
  /** Disjoint scans, which together yield all rows that pass the lead's filter. */
  readonly scans: readonly Scan[];
  /** The conditions that are left to be tested; undefined if there are none. */
  readonly rest: SQL | undefined;
  /**
   * A condition that hardly any row fails, to be tested too: that the rows are the tenant's. Where there is one tenant none fails, and
   * the walk costs what it would without the condition.
   */
  readonly likely: SQL | undefined;
}

/** The condition that a column has this value; undefined if no value is asked for. */
export function equal(
  column: string,
  type: Test['type'],
  value: string | undefined,
  { isSparse = false }: { readonly isSparse?: boolean } = {},
): Test | undefined {
  return value === undefined ? undefined : { column, type, value, isSparse };
}

interface LeadFilter {
  readonly tenant: Tenant;
  readonly reference?: string | undefined;
  readonly metadata?: { readonly key: string; readonly value: string } | undefined;
  readonly walletId?: string | undefined;
  readonly status?: string | undefined;
  readonly amountMin?: string | undefined;
  readonly amountMax?: string | undefined;
}

interface Filter {
  readonly test: SQL;
  readonly scans: readonly Scan[];
  /** The conditions, the filter's own or another's, that hold for every row of these scans. */
  readonly covers: readonly SQL[];
}

/**
 * The leads of a list, at least one. The lead that usually has the fewest rows comes first; `rare` and `common` are the table's
 * own filters.
 */
export function leadsOf(
  listed: Listed,
  filter: LeadFilter,
  { rare, common }: { readonly rare: readonly (Test | undefined)[]; readonly common: readonly (Test | undefined)[] },
): Lead[] {
  const status = byStatus(listed, filter.status);
  const ordered = [
    ...rare.map(byTest),
    byTest(equal('reference', 'text', filter.reference, { isSparse: true })),
    filter.metadata && byMetadata(filter.metadata),
    filter.walletId === undefined ? undefined : byWallet(listed, filter.walletId, status, filter.status),
    status,
    ...common.map(byTest),
  ].filter((each) => each !== undefined);
  const amount = byAmount(filter);
  const tenant = byTenant(filter.tenant);

  const filters = [...ordered, ...tenant.asLead, ...(amount === undefined ? [] : [amount])];
  const tests = filters.map(({ test }) => test).filter((test) => test !== tenant.test);
  const leads = filters.map(({ covers, scans }) => ({
    scans,
    rest: and(...tests.filter((other) => !covers.includes(other))),
    likely: covers.includes(tenant.test) ? undefined : tenant.test,
  }));
  if (ordered.length + tenant.asLead.length > 0) return leads;
  // If many movements have an amount in the range, a page of them is soon found among the newest.
  return [{ scans: [{ by: 'columns', tests: [] }], rest: amount?.test, likely: tenant.test }, ...leads];
}

/** Whose the rows are. All tenants but the default one have an index, by which a small one's rows are found among those of large ones. */
function byTenant(tenant: Tenant): { readonly test: SQL; readonly asLead: readonly Filter[] } {
  const own: Test = { column: 'tenant', type: 'text', value: tenant };
  const test = isEqual(own);
  if (tenant === DEFAULT_TENANT) return { test, asLead: [] };
  const scan: Scan = { by: 'columns', tests: [own], predicate: sql`tenant <> 'default'` };
  return { test, asLead: [{ test, scans: [scan], covers: [test] }] };
}

function byTest(test: Test | undefined): Filter | undefined {
  if (test === undefined) return undefined;
  const own = isEqual(test);
  return { test: own, scans: [scanOf(test)], covers: [own] };
}

function scanOf(test: Test): Scan {
  const predicate = test.isSparse ? { predicate: sql`${sql.identifier(test.column)} IS NOT NULL` } : {};
  return { by: 'columns', tests: [test], ...predicate };
}

function byStatus({ statusColumn, unlisted, inBatches }: Listed, value: string | undefined): Filter | undefined {
  if (value === undefined) return undefined;
  const test = sql`status = ${value}`;
  const scan =
    value === unlisted?.status
      ? unlisted.scan
      : scanOf({ column: statusColumn, type: 'text', value, isSparse: statusColumn !== 'status' });
  const batches = inBatches[value];
  return batches === undefined
    ? { test, scans: [scan], covers: [test] }
    : { test, scans: [scan, { by: 'batches', batches }], covers: [] };
}

function isEqual({ column, type, value }: Test): SQL {
  return sql`${sql.identifier(column)} = ${value}::${sql.raw(type)}`;
}

function byMetadata({ key, value }: { readonly key: string; readonly value: string }): Filter {
  const test = sql`metadata ->> ${key}::text = ${value}::text`;
  return { test, scans: [{ by: 'metadata', key, value }], covers: [test] };
}

function byWallet(
  { wallets, statusColumn, unsuccessful }: Listed,
  walletId: string,
  status: Filter | undefined,
  statusValue: string | undefined,
): Filter {
  const tests = wallets.map((column): Test => ({ column, type: 'uuid', value: walletId }));
  const test = or(...tests.map(isEqual))!;
  if (status === undefined || statusValue === undefined || !unsuccessful.includes(statusValue))
    return { test, scans: tests.map((each) => ({ by: 'columns', tests: [each] })), covers: [test] };
  // Written exactly as the index's predicate, in which there are no parameters.
  const predicate = sql.raw(`${statusColumn} in (${unsuccessful.map((each) => `'${each}'`).join(', ')})`);
  const second: Test = { column: statusColumn, type: 'text', value: statusValue };
  return {
    test,
    covers: [test, status.test],
    scans: tests.map((each) => ({ by: 'columns', tests: [each, second], predicate })),
  };
}

function byAmount({ amountMin: min, amountMax: max }: LeadFilter): Filter | undefined {
  const test = and(
    min === undefined ? undefined : sql`amount >= ${min}::numeric`,
    max === undefined ? undefined : sql`amount <= ${max}::numeric`,
  );
  return test && { test, scans: [{ by: 'amount', test }], covers: [test] };
}
