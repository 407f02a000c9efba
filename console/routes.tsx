/** The pages of the console: their paths, and the files that have them, which are loaded when they are first shown. */
import type { ComponentType } from 'preact';
import type { Parameters } from './router.ts';

export type PageComponent = ComponentType<{ readonly parameters: Parameters }>;

export interface Route {
  readonly pattern: string;
  readonly load: () => Promise<PageComponent>;
  /** In the navigation: its name, and the letter that goes there after `g`. */
  readonly name?: string;
  readonly letter?: string;
}

export interface Group {
  readonly title: string;
  readonly routes: readonly Route[];
}

/** In the order in which they are shown. */
export const GROUPS: readonly Group[] = [
  {
    title: 'Now',
    routes: [
      {
        pattern: '/',
        name: 'Overview',
        letter: 'o',
        load: async () => (await import('./pages/overview.tsx')).Overview,
      },
      { pattern: '/cases', name: 'Cases', letter: 'c', load: async () => (await import('./pages/cases.tsx')).Cases },
      {
        pattern: '/approvals',
        name: 'Approvals',
        letter: 'a',
        load: async () => (await import('./pages/approvals.tsx')).Approvals,
      },
      {
        pattern: '/events',
        name: 'Events',
        letter: 'e',
        load: async () => (await import('./pages/events.tsx')).Events,
      },
    ],
  },
  {
    title: 'Money',
    routes: [
      {
        pattern: '/transfers',
        name: 'Transfers',
        letter: 't',
        load: async () => (await import('./pages/transfers.tsx')).Transfers,
      },
      { pattern: '/holds', name: 'Holds', letter: 'h', load: async () => (await import('./pages/holds.tsx')).Holds },
      {
        pattern: '/transactions',
        name: 'Transactions',
        letter: 'x',
        load: async () => (await import('./pages/transactions.tsx')).Transactions,
      },
      {
        pattern: '/batches',
        name: 'Batches',
        letter: 'b',
        load: async () => (await import('./pages/batches.tsx')).Batches,
      },
      {
        pattern: '/recurring',
        name: 'Recurring',
        letter: 'u',
        load: async () => (await import('./pages/recurring.tsx')).Recurring,
      },
      {
        pattern: '/wallets',
        name: 'Wallets',
        letter: 'w',
        load: async () => (await import('./pages/wallets.tsx')).Wallets,
      },
    ],
  },
  {
    title: 'Goods',
    routes: [
      {
        pattern: '/orders',
        name: 'Orders',
        letter: 'r',
        load: async () => (await import('./pages/orders.tsx')).Orders,
      },
      {
        pattern: '/returns',
        name: 'Returns',
        letter: 'n',
        load: async () => (await import('./pages/returns.tsx')).Returns,
      },
    ],
  },
  {
    title: 'System',
    routes: [
      {
        pattern: '/webhooks',
        name: 'Webhooks',
        letter: 'k',
        load: async () => (await import('./pages/webhooks.tsx')).Webhooks,
      },
      {
        pattern: '/reconciliation',
        name: 'Reconciliation',
        letter: 'l',
        load: async () => (await import('./pages/reconciliation.tsx')).Reconciliation,
      },
      { pattern: '/keys', name: 'Keys', letter: 'y', load: async () => (await import('./pages/keys.tsx')).Keys },
      {
        pattern: '/audit-log',
        name: 'Audit log',
        letter: 'd',
        load: async () => (await import('./pages/audit-log.tsx')).AuditLog,
      },
    ],
  },
];

/** The pages of single things, and what is reached from others. */
const OTHERS: readonly Route[] = [
  { pattern: '/find', load: async () => (await import('./pages/find.tsx')).Find },
  { pattern: '/transfers/:id', load: async () => (await import('./pages/transfer.tsx')).TransferPage },
  { pattern: '/transactions/:id', load: async () => (await import('./pages/transaction.tsx')).TransactionPage },
  { pattern: '/wallets/:id', load: async () => (await import('./pages/wallet.tsx')).WalletPage },
  { pattern: '/cases/:id', load: async () => (await import('./pages/case.tsx')).CasePage },
  { pattern: '/order-cases/:id', load: async () => (await import('./pages/order-case.tsx')).OrderCasePage },
  {
    pattern: '/approvals/policies',
    load: async () => (await import('./pages/approval-policies.tsx')).ApprovalPolicies,
  },
  { pattern: '/approvals/:id', load: async () => (await import('./pages/approval.tsx')).ApprovalPage },
  { pattern: '/batches/new', load: async () => (await import('./pages/new-batch.tsx')).NewBatch },
  { pattern: '/batches/:id', load: async () => (await import('./pages/batch.tsx')).BatchPage },
  {
    pattern: '/recurring/:id',
    load: async () => (await import('./pages/recurring-transfer.tsx')).RecurringTransferPage,
  },
  { pattern: '/orders/:id', load: async () => (await import('./pages/order.tsx')).OrderPage },
  { pattern: '/returns/:id', load: async () => (await import('./pages/return.tsx')).ReturnPage },
  { pattern: '/webhooks/:id', load: async () => (await import('./pages/webhook.tsx')).WebhookPage },
  {
    pattern: '/reconciliation/:id',
    load: async () => (await import('./pages/reconciliation-run.tsx')).ReconciliationRunPage,
  },
  { pattern: '/events/:id', load: async () => (await import('./pages/event.tsx')).EventPage },
];

export const ROUTES: readonly Route[] = [...GROUPS.flatMap(({ routes }) => routes), ...OTHERS];
