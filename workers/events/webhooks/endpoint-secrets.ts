/** The secrets of an endpoint, opened for its deliveries. */
import type { Database } from '../../../db/database.ts';
import { resealSecrets } from '../../../db/events/delivery-writes.ts';
import { earlierSecrets } from '../../../domain/events/signing-secrets.ts';
import type { WebhookEndpoint } from '../../../db/events/endpoint-queries.ts';
import type { SecretBox } from '../../../webhooks/sealed-secret.ts';
import type { OpenSecrets } from './tries.ts';

/**
 * Seals them anew with the present key if they were sealed with an older one, so that this can be taken away. Throws if a key is
 * missing.
 */
export async function openSecrets(database: Database, box: SecretBox, endpoint: WebhookEndpoint): Promise<OpenSecrets> {
  const { webhookEndpointId: id, secret, previousSecret, olderSecrets } = endpoint;
  const sealed = [secret, previousSecret ?? [], olderSecrets.map((older) => older.secret)].flat();
  const reseal = (each: string): string => box.seal(box.open(each, id), id);
  if (!sealed.every((each) => box.isCurrent(each)))
    await resealSecrets(database, endpoint, {
      secret: reseal(secret),
      previousSecret: previousSecret === null ? null : reseal(previousSecret),
      olderSecrets: olderSecrets.map((older) => ({ ...older, secret: reseal(older.secret) })),
    });
  const earlier = earlierSecrets(endpoint, new Date());
  return {
    secret: box.open(secret, id),
    earlier: earlier.map((each) => ({ ...each, secret: box.open(each.secret, id) })),
  };
}
