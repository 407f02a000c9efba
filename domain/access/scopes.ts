/**
 * The scopes of keys: what a key may do. Each route of the API asks for one of them; `:write` does not include `:read`. ALL_SCOPES
 * is what the root key has.
 */
export const SCOPES = {
  'wallets:read': 'Wallets, their balances, statements, limits and activity.',
  'wallets:write': 'Make wallets, suspend and activate them, and set their limits.',
  'transfers:read': 'Transfers, batches, recurring transfers, transactions and currencies.',
  'transfers:write':
    'Move money between wallets: transfers, holds, captures, cancels, reversals, batches and recurring transfers.',
  'transactions:write': 'Let money in and out of the system: deposits and withdrawals.',
  'orders:read': 'Orders, returns, shipments, products, stock and books.',
  'orders:write': 'Place and cancel orders, hand them over, report deliveries, and take returns.',
  'stock:write': 'Products with their prices, and stock.',
  'events:read': 'The event log, its stream, its types, its sources and its projections.',
  'events:write': 'Rebuild projections, retry dead letters, and resume sources of events.',
  'webhooks:read': 'Webhook endpoints and their deliveries.',
  'webhooks:write': 'Make and change webhook endpoints, see their new secrets, and replay.',
  'cases:read': 'Cases, and the runs of the reconciliation.',
  'cases:write': 'Decide cases and what waits for an operator, and start a reconciliation.',
  'approvals:read': 'What waits for approvals, and the policies that demand them.',
  'approvals:write': 'Vote on what others have asked for.',
  'approvals:override':
    'Let go what waits for approvals without them, in an emergency: it is recorded, and raises an alarm.',
  'policies:write': 'Set which transfers need approvals.',
  'keys:read': 'Principals and their keys, without secrets.',
  'keys:write': 'Make, rotate and revoke keys of no more rights than the key has that asks.',
  'audit:read': 'The audit log: what principals have changed.',
  'principals:write': 'Make principals, and keys for other principals than its own.',
  'tenants:read': 'The names of the tenants of the installation.',
  'tenants:write': 'Make tenants, and replace their root keys: whoever may do that may do everything in each of them.',
} as const;

export type Scope = keyof typeof SCOPES;

export const ALL_SCOPES = Object.keys(SCOPES) as readonly Scope[];

/** About the installation as a whole, which no key of another tenant than the default one is about. */
const OF_THE_INSTALLATION: readonly Scope[] = ['tenants:read', 'tenants:write', 'events:write'];

/** What the root key of a tenant has. */
export const TENANT_SCOPES = ALL_SCOPES.filter((scope) => !OF_THE_INSTALLATION.includes(scope));
