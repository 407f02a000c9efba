/** The OpenAPI document at /openapi.json, with the text around the routes. The description of a route is next to its code. */
import { Hono } from 'hono';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SCOPES } from '../../domain/access/scopes.ts';
import type { ApiEnv } from './env.ts';
import { needOf, openToAll } from './scopes.ts';

/** `generate` is called once, at the first request, when all routes are registered. */
export function openApiRoute(generate: () => object) {
  let document: object | undefined;
  return new Hono<ApiEnv>().get('/openapi.json', openToAll, (c) => c.json((document ??= generate())));
}

/** The document of an app: its routes, each with the scope that it asks for. */
export function openApiDocument(app: Pick<OpenAPIHono<ApiEnv>, 'routes' | 'getOpenAPI31Document'>) {
  const document = app.getOpenAPI31Document(openApiInfo);
  const needs = new Map(
    app.routes.flatMap(({ method, path, handler }) => {
      const need = needOf(handler);
      return need === undefined ? [] : [[`${method} ${path}`, need] as const];
    }),
  );
  for (const [path, operations] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(operations as Record<string, { security?: object[] }>)) {
      const need = needs.get(`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
      operation.security = need === undefined || need === 'open' ? [] : [{ apiKey: [need] }];
    }
  document.components = {
    ...document.components,
    securitySchemes: {
      apiKey: {
        type: 'http',
        scheme: 'bearer',
        description: `A key, which begins with \`cpk_\`. Scopes:\n\n${Object.entries(SCOPES)
          .map(([scope, what]) => `- \`${scope}\`: ${what}`)
          .join('\n')}`,
      },
    },
  };
  return document;
}

const openApiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Counterpoise',
    version: '1',
    description: `Moves money between wallets durably. A movement that was accepted (202) runs to its end, whatever fails on the
way: it moves all of its money once, or nothing.

**Money** is a decimal string with at most four decimals, and no more than its currency allows (\`GET /v1/currencies\`). **Times**
are RFC 3339 in UTC, **durations** whole seconds.

**Text** is one line: control characters and marks that change the direction of text are refused with \`character_forbidden\`.

**Repeats are safe.** Requests that make a movement need an \`Idempotency-Key\`; every other request may be repeated as it is.
After 429, 503 or no answer at all, repeat with the same key. If a request has the header several times, all must be equal;
otherwise it is refused with 400 \`header_repeated\`.

**Errors** are RFC 9457 problem details with a stable \`code\`. Faults that only the wallet service can know, such as an unknown
wallet or too little money, are no errors of a request but the \`failure_reason\` of a FAILED movement.

**Ids of requests**: send an \`X-Request-Id\` (1 to 128 printable ASCII characters without spaces), or one is made. It is returned
and logged, and passed on with \`traceparent\` to workflows and events.

**Keys**: every request but those for health and documentation needs \`Authorization: Bearer cpk_…\`. A key has scopes, of which each
route asks for one; without it the answer is 403 \`scope_missing\`. A key that is unknown, mistyped, expired, revoked or used from
another network than it may is answered 401 \`not_authenticated\`, without saying which. A key may have a rate; beyond it the answer
is 429 \`rate_exceeded\` with \`Retry-After\`, before anything is stored.

**Bounds**: a body may have 1 MiB, that of a batch 16, and 100000 values; request line and headers 16 KiB together; a query 100
parameters.

**Browsers**: a request whose \`Host\` is not a name of the service is refused with 403 \`host_not_allowed\`. A request that
changes something and comes from a page of another origin, as its \`Origin\` or \`Sec-Fetch-Site\` says, is refused with 403
\`cross_site_request\`. The body of such a request is not read. A request without these two headers is not refused for them.

**Lists** are newest first: \`{data, next_cursor}\`, \`limit\` 1 to 200 (default 50), stable while items are added.`,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Transfers', description: 'Money from one wallet to another.' },
    { name: 'Recurring transfers', description: 'Transfers at an interval or by a calendar.' },
    { name: 'Transactions', description: 'Money into a wallet from outside, or out of it.' },
    { name: 'Approvals', description: 'What a second person has to agree to.' },
    { name: 'Batches', description: 'Many transfers at once.' },
    { name: 'Currencies', description: 'How many decimals amounts may have.' },
    { name: 'Wallets', description: 'Balances and statements.' },
    { name: 'Cases', description: 'Problems that wait for an operator.' },
    { name: 'Reconciliation', description: 'Comparison of transfers, ledger and workflows.' },
    { name: 'Events', description: 'What has happened, in the order of the log.' },
    { name: 'Projections', description: 'What is derived from the event log.' },
    { name: 'Keys', description: 'Who may do what.' },
    { name: 'Tenants', description: 'Those that see nothing of each other.' },
    { name: 'Audit log', description: 'Who has done what.' },
    { name: 'Health' },
  ],
};
