/**
 * Who decides something, for the log that keeps it: the key's principal, and whom the request says that one acts for. The wallet API is
 * asked by the transfer API with that one's own key: then the principal is the one that the transfer API names.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { API_KEY_NAME, ORDER_KEY_NAME, type Holder } from '../../domain/access/api-key.ts';
import type { Acting } from '../../domain/acting.ts';
import { DEFAULT_TENANT, ofTenant, TENANT_HEADER, type Tenant } from '../../domain/tenant.ts';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import type { ApiEnv } from './env.ts';
import { onBehalfOfHeader } from './fields.ts';

/** The headers of a route whose decisions are logged. */
export const actingHeaders = z.object({ 'X-Actor': onBehalfOfHeader });

/** By which the transfer API tells the wallet API who has asked. */
export const ACTING_HEADER = 'counterpoise-acting';

const told = z.object({ actor: z.string(), principalId: z.guid(), apiKeyId: z.guid() });

export function actingOf(c: Context<ApiEnv>, onBehalfOf?: string): Acting {
  const { principal: actor, ...ids } = toldOf(c) ?? whoIs(c.var.holder);
  return {
    ...{ actor, ...ids, ...ofTenant(askingTenant(c)) },
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}

/** The tenant for which a request asks: that of its key, or the one that the transfer API names. */
export function askingTenant(c: Context<ApiEnv>): Tenant {
  const { tenant } = c.var.holder;
  const named = isTransferApi(c) ? c.req.header(TENANT_HEADER) : undefined;
  return named === undefined ? tenant : (named as Tenant);
}

/** Who does something and on which request, for the audit log. */
export function byWhom(c: Context<ApiEnv>, onBehalfOf?: string): ByWhom {
  return { acting: actingOf(c, onBehalfOf), trace: c.var.trace };
}

/** The value of ACTING_HEADER. */
export function actingHeaderOf(c: Context<ApiEnv>): string {
  return encodeURIComponent(JSON.stringify(actingOf(c)));
}

type Who = Pick<Holder, 'principal'> & Partial<Pick<Holder, 'principalId' | 'apiKeyId'>>;

/** Nobody but the default tenant is told the ids of the order worker's principal and key, which are that one's. */
function whoIs({ principal, principalId, apiKeyId, installedAs, tenant }: Holder): Who {
  const isForAnother = installedAs === ORDER_KEY_NAME && tenant !== DEFAULT_TENANT;
  return isForAnother ? { principal } : { principal, principalId, apiKeyId };
}

function toldOf(c: Context<ApiEnv>): Who | undefined {
  const header = c.req.header(ACTING_HEADER);
  if (header === undefined || !isTransferApi(c)) return undefined;
  const { actor, principalId, apiKeyId } = told.parse(JSON.parse(decodeURIComponent(header)));
  return { principal: actor, principalId: principalId as PrincipalId, apiKeyId: apiKeyId as ApiKeyId };
}

/** Whether it is the transfer API that asks, with the key that was installed for it. A key that somebody has made is never believed. */
export function isTransferApi(c: Context<ApiEnv>): boolean {
  return c.var.holder.installedAs === API_KEY_NAME;
}

/** As answers show who acted. */
export const actingAnswer = {
  actor: z.string().openapi({
    example: 'alice',
    description: 'The principal whose key it was; `counterpoise` if it happened by itself.',
  }),
  on_behalf_of: z
    .string()
    .nullable()
    .openapi({ example: null, description: 'Whom the request said that the actor acts for.' }),
};
