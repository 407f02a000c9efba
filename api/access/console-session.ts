/**
 * How a person on this machine signs in to the console without typing a key: whoever has a key asks for a link, and the page that opens
 * it gets, once, a key for some hours that grants no more than the one that asked, and on this machine alone. The link's secret is in the
 * fragment of its URL, which no browser sends, and reaches the API in a body. Both routes are for connections from this very machine.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createKey } from '../../db/access/keys.ts';
import { ofTenant } from '../../domain/tenant.ts';
import { hostOfAddress, isLoopback, parseAuthority } from '../../process/authority.ts';
import { ANYBODY } from '../http/authenticate.ts';
import type { BaseDeps } from '../http/base-app.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { trustedProxies, type TrustedProxies } from '../http/client-address.ts';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { openToAll, requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import { createConsoleLinks, LINK_SECONDS } from './console-links.ts';
import { databaseOf, keyWithSecret, renderKey, tags, type KeyDeps } from './key-fields.ts';
import { sessionKeyFor } from './new-key.ts';

const makeLink = createRoute({
  method: 'post',
  path: '/v1/console-links',
  operationId: 'createConsoleLink',
  summary: 'Make a link that signs in to the console, once',
  tags,
  description: `For programs on the machine of the API, as the command that starts the embedded stack is. The link is good for one use within
${LINK_SECONDS / 60} minutes, by a browser on this machine. Its secret is in the fragment of the URL: do not log it.`,
  middleware: [requiresInTenant('keys:write')] as const,
  responses: {
    201: {
      description: 'The link.',
      content: {
        'application/json': {
          schema: z
            .object({
              path: z.string().openapi({
                example: '/console',
                description:
                  'Path and fragment, to be opened below the address of this API. Without a fragment where the API asks for no keys.',
              }),
              expires_in: z.int().openapi({ example: LINK_SECONDS, description: 'Seconds.' }),
            })
            .openapi('ConsoleLink'),
        },
      },
    },
    ...problemResponses('loopback_only'),
  },
});

const useLink = createRoute({
  method: 'post',
  path: '/v1/console-sessions',
  operationId: 'createConsoleSession',
  summary: 'Sign in to the console by a link',
  tags,
  description: `Takes the link, and answers with a key that its page uses from then on: with the rights of the key that asked for the link, for
12 hours at most, and accepted from this machine alone. If the answer is lost, the link is used up: ask for another.`,
  middleware: [openToAll, readJson] as const,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              { link: z.string({ error: faultCode('console_link_invalid') }).max(100, 'console_link_invalid') },
              { error: faultCode('body_invalid') },
            )
            .openapi('ConsoleSessionRequest'),
        },
      },
    },
  },
  responses: {
    201: { description: 'The key, with its secret.', content: { 'application/json': { schema: keyWithSecret } } },
    ...problemResponses(
      ...BODY_PROBLEMS,
      'console_link_invalid',
      'console_link_not_found',
      'loopback_only',
      'access_not_configured',
      'database_unavailable',
    ),
  },
});

export function consoleSessionRoutes({ proxies = [], ...deps }: KeyDeps & Pick<BaseDeps, 'proxies'>) {
  const links = createConsoleLinks();
  const trusted = trustedProxies(proxies);
  return new OpenAPIHono<ApiEnv>()
    .openapi(makeLink, (c) => {
      refuseRemote(c, trusted);
      const { holder } = c.var;
      const fragment = holder.apiKeyId === ANYBODY.apiKeyId ? '' : `#link=${links.make(holder)}`;
      c.header('Cache-Control', 'no-store');
      return c.json({ path: `/console${fragment}`, expires_in: LINK_SECONDS }, 201);
    })
    .openapi(useLink, async (c) => {
      refuseRemote(c, trusted);
      const database = databaseOf(deps);
      const holder = links.take(c.req.valid('json').link);
      if (holder === undefined) throw new ProblemError('console_link_not_found');
      const { key, secret } = sessionKeyFor(holder);
      const { principal: actor, principalId, apiKeyId, tenant } = holder;
      const by = { acting: { actor, principalId, apiKeyId, ...ofTenant(tenant) }, trace: c.var.trace };
      // None if the key that made the link has been revoked meanwhile.
      const made = await boundedQuery(database, () => createKey(database, key, by), { isWrite: true });
      if (made === undefined) throw new ProblemError('console_link_not_found');
      c.header('Cache-Control', 'no-store');
      return c.json({ ...renderKey(made), secret }, 201);
    });
}

/** A proxy on this machine would make everybody local: one that is named, and what any has forwarded, are refused too. */
function refuseRemote(c: Context<ApiEnv>, trusted: TrustedProxies): void {
  const address = (c.env as ApiEnv['Bindings'] | undefined)?.incoming?.socket.remoteAddress;
  const asked = parseAuthority(c.req.header('host') ?? new URL(c.req.url).host);
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via'].some((name) => c.req.header(name));
  const isOwn = address !== undefined && isLoopback(hostOfAddress(address) ?? '') && !trusted.has(address);
  if (!isOwn || isForwarded || asked === undefined || !isLoopback(asked.host)) throw new ProblemError('loopback_only');
}
