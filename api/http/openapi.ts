/** The OpenAPI document at /openapi.json, with the text around the routes. The description of a route is next to its code. */
import { Hono } from 'hono';
import type { ApiEnv } from './env.ts';

/** `generate` is called once, at the first request, when all routes are registered. */
export function openApiRoute(generate: () => object) {
  let document: object | undefined;
  return new Hono<ApiEnv>().get('/openapi.json', (c) => c.json((document ??= generate())));
}

export const openApiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Counterpoise',
    version: '1',
    description: `Moves money between wallets durably. A movement that was accepted (202) runs to its end, whatever fails on the way:
it moves all of its money once, or none.

**Money** is a decimal string with at most four decimals, and with no more than its currency allows: \`GET /v1/currencies\`. **Times** are RFC 3339 in UTC, **durations** whole seconds.

**Text** is one line: control characters and marks that change the direction of text are refused with \`character_forbidden\`.

**Repeats are safe.** Requests that make a movement need an \`Idempotency-Key\`; every other request may be repeated as it is.
After 429, 503 or no answer at all, repeat with the same key. A key that a request carries several times is one key if all are
equal, and is refused with 400 \`header_repeated\` otherwise.

**Errors** are RFC 9457 problem details with a stable \`code\`. What only the wallet service can know, such as an unknown wallet
or too little money, is no error of a request but the \`failure_reason\` of a movement that has FAILED.

**Ids of requests**: \`X-Request-Id\` is taken (1 to 128 printable ASCII characters without spaces) or made, returned, logged, and
goes with \`traceparent\` into workflows and events.

**Bounds**: a body may have 1 MiB, that of a batch 16, and 100000 values; request line and headers 16 KiB together; a query 100
parameters.

**Browsers**: a request for a \`Host\` that is none of the service's is refused with 403 \`host_not_allowed\`, and one that
changes something and was sent by a page of another origin, by its \`Origin\` or \`Sec-Fetch-Site\`, with 403 \`cross_site_request\`;
nothing of either is read. Who sends none of these headers is not concerned.

**Lists** are newest first: \`{data, next_cursor}\`, \`limit\` 1 to 200 (50 unless given), stable while items are added.`,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Transfers', description: 'Money from one wallet to another.' },
    { name: 'Recurring transfers', description: 'Transfers at an interval or by a calendar.' },
    { name: 'Transactions', description: 'Money into a wallet from outside, or out of it.' },
    { name: 'Batches', description: 'Many transfers at once.' },
    { name: 'Currencies', description: 'How fine amounts may be.' },
    { name: 'Wallets', description: 'Balances and statements.' },
    { name: 'Cases', description: 'What cannot finish by itself and waits for an operator.' },
    { name: 'Reconciliation', description: 'Whether transfers, ledger and workflows agree.' },
    { name: 'Health' },
  ],
};
