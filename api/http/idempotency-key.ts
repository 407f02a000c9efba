/** The Idempotency-Key header: the name of what a request creates. */
import { z } from '@hono/zod-openapi';
import { faultCode } from './validation.ts';

export const idempotencyKeyHeader = z
  .string({ error: faultCode('idempotency_key_invalid', 'idempotency_key_missing') })
  .overwrite(unquoted)
  .regex(/^[\x20-\x7e]{1,255}$/, 'idempotency_key_invalid')
  .openapi({
    example: 'order-42-payment',
    description:
      'Names what the request creates, for ever. The same key with the same body returns what was created, as it is now ' +
      '(`Idempotent-Replayed: true`); the same key with another body is refused. A key belongs to its route: on another route it ' +
      'names another thing. On `/reversals` the transfer in the path counts as part of the body, on `/trigger` the id in the ' +
      'path as part of the route. A request that was refused (4xx, or 503 before it was accepted) uses up no key. 1 to 255 printable ' +
      'ASCII characters; `"key"`, a string of RFC 8941, is the same as `key`.',
  });

/** Removes the quotes of a quoted string, as draft-ietf-httpapi-idempotency-key-header has it; most services take the bare key. */
function unquoted(key: string): string {
  return /^"(?:[^"\\]|\\["\\])*"$/.test(key) ? key.slice(1, -1).replaceAll(/\\(.)/g, '$1') : key;
}
