/**
 * Tenants: whose a thing is. What one has is to another as if it were not there. A tenant is no credential and never changes, because
 * ids are derived from it (derived-id.ts). Pure.
 */
declare const brand: unique symbol;
export type Tenant = string & { readonly [brand]: 'Tenant' };

/**
 * The tenant of an installation that has no other, and of all that was stored before there were tenants. Its ids are derived as they
 * always were. It is also the installation's own: what is about the whole, such as the reconciliation, is for its keys alone.
 */
export const DEFAULT_TENANT = 'default' as Tenant;

/**
 * The names of tenants. Lower case, so that no two differ in case alone, and of characters that need no quotes in ids, events, headers
 * and paths.
 */
export const TENANT_PATTERN = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * Of what is handed on: the tenant, or nothing for the default one. So the events, workflow inputs and messages of an installation
 * that has no other tenant are what they were before there were tenants, and are read as that one's.
 */
export interface OfTenant {
  readonly tenant?: Tenant | undefined;
}

/** By which a service that asks for many tenants names the one that it asks for; left out for the default one. Believed of few keys. */
export const TENANT_HEADER = 'counterpoise-tenant';

/** The headers of a call that is made for the tenant. */
export function tenantHeaders(tenant: Tenant): Record<string, string> {
  return tenant === DEFAULT_TENANT ? {} : { [TENANT_HEADER]: tenant };
}

export function tenantOf({ tenant = DEFAULT_TENANT }: OfTenant): Tenant {
  return tenant;
}

/** The part of a message that names the tenant as another one does, to be handed on. */
export function sameTenant(of: OfTenant): { readonly tenant?: Tenant } {
  return ofTenant(tenantOf(of));
}

/** The part of a message that names the tenant: empty for the default one. */
export function ofTenant(tenant: Tenant): { readonly tenant?: Tenant } {
  return tenant === DEFAULT_TENANT ? {} : { tenant };
}
