/** The actions of the audit log, and the pages of what they have changed. */
import type { QueryOf } from '../../client/client.ts';

type AuditAction = NonNullable<QueryOf<'listAuditEvents'>['action']>;

/** Each action, with the page of its object; '' where an object has none of its own, and `of` a list that it is in. */
const PAGES: Readonly<Record<AuditAction, string | { readonly of: string }>> = {
  'approval-asked': '/approvals',
  'approval-voted': '/approvals',
  'approval-overridden': '/approvals',
  'approval-policy-set': { of: '/approvals/policies' },
  'approval-policy-ended': { of: '/approvals/policies' },
  'transfer-decided': '/transfers',
  'transfer-cancel-asked': '/transfers',
  'recurring-transfer-created': '/recurring',
  'reconciliation-run-asked': '',
  'recurring-transfer-changed': '/recurring',
  'case-decided': '/cases',
  'wallet-opened': '/wallets',
  'wallet-suspended': '/wallets',
  'wallet-activated': '/wallets',
  'wallet-limits-set': '/wallets',
  'order-decided': '/orders',
  'order-cancel-asked': '/orders',
  'hand-over-asked': '/orders',
  'return-requested': '/returns',
  'return-received': '/returns',
  'return-refund-asked': '/returns',
  'product-set': '',
  'stock-counted': '',
  'stock-received': '',
  'stock-adjusted': '',
  'carrier-event-recorded': '',
  'key-installed': { of: '/keys' },
  'key-created': { of: '/keys' },
  'key-rotated': { of: '/keys' },
  'key-revoked': { of: '/keys' },
  'principal-created': '',
  'tenant-created': '',
  'tenant-root-key-replaced': '',
  'webhook-endpoint-created': '/webhooks',
  'webhook-endpoint-changed': '/webhooks',
  'webhook-endpoint-deleted': '',
  'webhook-endpoint-enabled': '/webhooks',
  'webhook-secret-rotated': '/webhooks',
  'webhook-replay-asked': '/webhooks',
  'projection-rebuild-asked': '',
  'dead-letters-retried': '',
  'event-source-resumed': { of: '/events' },
};

export const AUDIT_ACTIONS = Object.keys(PAGES) as readonly AuditAction[];

/** Undefined where there is no page to show. An action of a later version of the API has none. */
export function placeOfObject(action: string, object: string): string | undefined {
  const page = (PAGES as Readonly<Record<string, (typeof PAGES)[AuditAction] | undefined>>)[action];
  if (page === undefined || page === '') return undefined;
  return typeof page === 'string' ? `${page}/${encodeURIComponent(object)}` : page.of;
}

/** A day, or a day and a time, as the instant that the API takes, in UTC; anything else is left to the API to refuse. */
export function instantIn(text: string): string {
  const [, day, minute = '00:00', second = '00'] =
    /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2}))?)?$/.exec(text.trim()) ?? [];
  return day === undefined ? text : `${day}T${minute}:${second}Z`;
}
