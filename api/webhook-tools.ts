/** What the routes of webhooks make and test endpoints with, by the process's settings. */
import type { Settings } from '../process/config.ts';
import { createSecretBox } from '../webhooks/sealed-secret.ts';
import { openConnections } from '../webhooks/sender.ts';
import { createUrlGuard } from '../webhooks/url-guard.ts';
import type { WebhookTools } from './events/webhook-fields.ts';

/** Undefined without keys: secrets can be neither read nor made. */
export function webhookTools({
  WEBHOOK_KEYS: keys,
  WEBHOOK_ALLOW_CIDRS: allowed = [],
}: Settings): WebhookTools | undefined {
  if (keys === undefined) return undefined;
  const guard = createUrlGuard(allowed);
  return {
    guard,
    box: createSecretBox(keys),
    async sendOnce(message) {
      const connections = openConnections({ guard }, 1);
      try {
        return await connections.send(message);
      } finally {
        connections.close();
      }
    },
  };
}
