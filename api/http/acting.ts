/** Who decides something, for the log that keeps it: the key's principal, and whom the request says that one acts for. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { Acting } from '../../domain/acting.ts';
import type { ApiEnv } from './env.ts';
import { onBehalfOfHeader } from './fields.ts';

/** The headers of a route whose decisions are logged. */
export const actingHeaders = z.object({ 'X-Actor': onBehalfOfHeader });

export function actingOf(c: Context<ApiEnv>, onBehalfOf: string | undefined): Acting {
  return { actor: c.var.holder.principal, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
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
