// Holders of keys, for tests of what the API asks of a key: without a database, any secret is of the same holder.

import type { Authenticator } from '../../api/http/authenticate.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';

export function keyHolder(more: Partial<Holder> = {}): Holder {
  return {
    apiKeyId: '77777777-7777-4777-8777-777777777777' as ApiKeyId,
    principalId: '66666666-6666-4666-8666-666666666666' as PrincipalId,
    principal: 'tester',
    kind: 'service',
    tenant: DEFAULT_TENANT,
    scopes: ALL_SCOPES,
    cidrs: undefined,
    rate: undefined,
    ...more,
  };
}

/** Knows every secret, as this holder's. */
export function acceptOnly(holder: Holder): Authenticator {
  return { known: () => holder, lookUp: async () => holder };
}
