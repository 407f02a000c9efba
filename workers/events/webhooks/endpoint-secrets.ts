/** The secrets of an endpoint, opened for its deliveries. */
import type { Database } from '../../../db/database.ts';
import { resealSecrets } from '../../../db/events/delivery-writes.ts';
import type { WebhookEndpoint } from '../../../db/events/endpoint-queries.ts';
import type { SecretBox } from '../../../webhooks/sealed-secret.ts';
import type { OpenSecrets } from './tries.ts';

/**
 * Seals them anew with the present key if they were sealed with an older one, so that this can be taken away. Throws if a key is
 * missing.
 */
export async function openSecrets(database: Database, box: SecretBox, endpoint: WebhookEndpoint): Promise<OpenSecrets> {
  const { webhookEndpointId: id, secret, previousSecret, previousSecretExpiresAt: expiresAt } = endpoint;
  const opened = box.open(secret, id);
  const previous = previousSecret === null ? null : box.open(previousSecret, id);
  const isCurrent = box.isCurrent(secret) && (previousSecret === null || box.isCurrent(previousSecret));
  if (!isCurrent)
    await resealSecrets(database, endpoint, {
      secret: box.seal(opened, id),
      previousSecret: previous === null ? null : box.seal(previous, id),
    });
  return {
    secret: opened,
    previous: previous === null || expiresAt === null ? undefined : { secret: previous, expiresAt },
  };
}
