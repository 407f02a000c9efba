/** Requests of the transfer API's own to the wallet API, where that is a process of its own. */
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';
import { tenantHeaders, type Tenant } from '../../domain/tenant.ts';

/** Where the wallet API is, whose question it is, and the key that it asks for, if it asks for one. */
export type WalletApiPlace = readonly [
  walletApiUrl: string,
  installation: () => Promise<Installation>,
  apiKey: string | undefined,
];

/** The JSON of an answer to what `tenant` asks; undefined for 404. Throws if there is no other good answer within `limitMs`. */
export async function askWalletApi<Answer>(
  [walletApiUrl, installation, apiKey]: WalletApiPlace,
  tenant: Tenant,
  path: string,
  limitMs: number,
): Promise<Answer | undefined> {
  const response = await fetch(new URL(path, walletApiUrl), {
    headers: {
      [INSTALLATION_HEADER]: (await installation()).installationId,
      ...tenantHeaders(tenant),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    signal: AbortSignal.timeout(limitMs),
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the wallet API answered ${response.status}`);
  return (await response.json()) as Answer;
}
