/**
 * The transfers of a tenant over the public HTTP API, one try a call: Temporal, or a later round, repeats it. The key is the order worker's
 * own for every tenant, and the API believes it about for which one it asks (api/http/authenticate.ts).
 */
import { createClient, type Client } from '../../client/client.ts';
import { tenantHeaders, tenantOf, type OfTenant } from '../../domain/tenant.ts';

const TIMEOUT_MS = 4_000;

/** `apiUrl` is where the transfer API listens, `apiKey` the key for it, if it asks for one. */
export function createTransfersOf(apiUrl: string, apiKey: string | undefined): (of: OfTenant) => Client['transfers'] {
  return (of) => {
    const headers = tenantHeaders(tenantOf(of));
    return createClient({ baseUrl: apiUrl, apiKey, headers, timeoutMs: TIMEOUT_MS, attemptsMax: 1 }).transfers;
  };
}
