/** The signature of a webhook, after Standard Webhooks 1.0: https://www.standardwebhooks.com. */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** The standard allows 24 to 64. */
const SECRET_BYTES = 32;

/** A new random secret, as it is shown to its owner: `whsec_` and base64. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The headers that sign a message. With several secrets, while those of before a rotation are still valid, there is a signature by
 * each, and a receiver accepts the message by any. `at` is the time of this attempt: receivers refuse old ones.
 */
export function signatureHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  at: Date,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(at.getTime() / 1_000);
  const signed = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${hmac(secret, signed)}`).join(' '),
  };
}

function hmac(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}
