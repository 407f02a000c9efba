/** What services that have nothing but ids to be found by find of one: the delivery, the accounting, the events and the keys. */
import type { Database } from '../db/database.ts';
import { findById, type Kind } from '../db/find-by-id.ts';
import type { Found } from '../domain/found.ts';
import type { Tenant } from '../domain/tenant.ts';
import { boundedQuery } from './http/bounded-query.ts';

const KINDS = {
  delivery: [
    {
      ...{ hasTenants: true, type: 'shipment', table: 'shipments', id: 'shipment_id' },
      ...{ label: `units || ' units'`, status: 'status' },
    },
  ],
  accounting: [
    {
      ...{ hasTenants: true, type: 'invoice', table: 'invoices', id: 'invoice_id' },
      ...{ label: `amount || ' ' || currency`, status: 'status' },
    },
    {
      ...{ hasTenants: true, type: 'credit_note', table: 'credit_notes', id: 'credit_note_id' },
      label: `amount || ' ' || currency`,
    },
    { hasTenants: true, type: 'journal', table: 'journals', id: 'journal_id', label: 'kind' },
  ],
  webhooks: [
    {
      hasTenants: true,
      type: 'webhook_endpoint',
      table: 'webhook_endpoints',
      id: 'webhook_endpoint_id',
      label: 'url',
      status: 'status',
    },
  ],
  access: [
    { hasTenants: true, type: 'principal', table: 'principals', id: 'principal_id', label: 'name', status: 'kind' },
    {
      ...{ hasTenants: true, type: 'api_key', table: 'api_keys', id: 'api_key_id', label: 'name' },
      status: `CASE WHEN revoked_at IS NULL THEN 'ACTIVE' ELSE 'REVOKED' END`,
    },
  ],
} as const satisfies Record<string, readonly Kind[]>;

export function findIn(service: keyof typeof KINDS, database: Database, tenant: Tenant, id: string): Promise<Found[]> {
  return boundedQuery(database, () => findById(database, KINDS[service], tenant, id));
}
