/**
 * Who decides something, for the log that keeps it: the key's principal, and whom the request says that one acts for. The wallet API is
 * asked by the transfer API with that one's own key: then the principal is the one that the transfer API names.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { API_PRINCIPAL } from '../../domain/access/api-key.ts';
import type { Acting } from '../../domain/acting.ts';
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
  const { principal: actor, principalId, apiKeyId } = toldOf(c) ?? c.var.holder;
  return { actor, principalId, apiKeyId, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
}

/** Who does something and on which request, for the audit log. */
export function byWhom(c: Context<ApiEnv>, onBehalfOf?: string): ByWhom {
  return { acting: actingOf(c, onBehalfOf), trace: c.var.trace };
}

/** The value of ACTING_HEADER. */
export function actingHeaderOf(c: Context<ApiEnv>): string {
  return encodeURIComponent(JSON.stringify(actingOf(c)));
}

function toldOf(
  c: Context<ApiEnv>,
): Pick<ApiEnv['Variables']['holder'], 'principal' | 'principalId' | 'apiKeyId'> | undefined {
  const header = c.req.header(ACTING_HEADER);
  if (header === undefined || c.var.holder.principal !== API_PRINCIPAL) return undefined;
  const { actor, principalId, apiKeyId } = told.parse(JSON.parse(decodeURIComponent(header)));
  return { principal: actor, principalId: principalId as PrincipalId, apiKeyId: apiKeyId as ApiKeyId };
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
