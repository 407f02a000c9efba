/**
 * The guard of the URLs that webhooks are sent to: used when an endpoint is created or changed, when it is tested, and at each
 * connection for a delivery. https only, no credentials, and public addresses only, unless the operator allows more. A name is
 * refused if any of its addresses is forbidden.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { judgeAddresses } from './address.ts';
import { limitLookUps, type Resolve, type ResolvedAddress } from './look-ups.ts';

export type UrlRefusalCode =
  | 'webhook_url_invalid'
  | 'webhook_url_not_https'
  | 'webhook_url_has_credentials'
  | 'webhook_url_address_forbidden'
  | 'webhook_url_unresolvable';

export interface UrlRefusal {
  readonly code: UrlRefusalCode;
  readonly detail: string;
}

export interface UrlGuard {
  /** What can be said of a URL without resolving its name. */
  readonly inspect: (url: string) => UrlRefusal | undefined;
  /** The addresses that may be connected to, each of which was judged; they are to be used as they are, and not resolved again. */
  readonly addressesOf: (url: URL) => Promise<readonly ResolvedAddress[] | UrlRefusal>;
  /** Both: the refusal of a URL that is not to be stored or sent to now. */
  readonly check: (url: string) => Promise<UrlRefusal | undefined>;
}

const URL_CHARACTERS_MAX = 2_048;

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });

/** Throws if one of the CIDRs is none. */
export function createUrlGuard(allowedCidrs: readonly string[], resolve: Resolve = resolveAll): UrlGuard {
  const judge = judgeAddresses(allowedCidrs);
  const lookUp = limitLookUps(resolve);

  const guard: UrlGuard = {
    inspect(text) {
      const url = text.length <= URL_CHARACTERS_MAX && URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '')
        return refusal('webhook_url_invalid', `Must be an https URL of at most ${URL_CHARACTERS_MAX} characters.`);
      if (url.username !== '' || url.password !== '')
        return refusal('webhook_url_has_credentials', 'Must have no user name and no password.');
      // Whether plain http is allowed is known with the address.
      const address = addressIn(url);
      if (address !== undefined) return refuseAddresses(url, [address]);
      return url.protocol === 'http:' && allowedCidrs.length === 0 ? notHttps() : undefined;
    },
    async addressesOf(url) {
      const literal = addressIn(url);
      const addresses = literal === undefined ? await resolved(url.hostname) : [literal];
      if ('code' in addresses) return addresses;
      return refuseAddresses(url, addresses) ?? addresses;
    },
    async check(text) {
      const refused = guard.inspect(text);
      if (refused !== undefined) return refused;
      const addresses = await guard.addressesOf(new URL(text));
      return 'code' in addresses ? addresses : undefined;
    },
  };
  return guard;

  async function resolved(hostname: string): Promise<readonly ResolvedAddress[] | UrlRefusal> {
    const addresses = await lookUp(hostname).catch(() => []);
    return addresses.length > 0
      ? addresses
      : refusal('webhook_url_unresolvable', `The name ${hostname} has no address.`);
  }

  function refuseAddresses(url: URL, addresses: readonly ResolvedAddress[]): UrlRefusal | undefined {
    for (const { address } of addresses) {
      const kind = judge.forbiddenKind(address);
      if (kind !== undefined)
        return refusal('webhook_url_address_forbidden', `${address} is no public address (${kind}).`);
    }
    const isPlain = url.protocol === 'http:' && !addresses.every(({ address }) => judge.isAllowed(address));
    return isPlain ? notHttps() : undefined;
  }
}

/** The address that a URL names itself. The parser of URLs has turned its decimal, octal and hexadecimal forms into the usual one. */
function addressIn({ hostname }: URL): ResolvedAddress | undefined {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  return family === 0 ? undefined : { address, family };
}

function notHttps(): UrlRefusal {
  return refusal('webhook_url_not_https', 'Must begin with https://.');
}

function refusal(code: UrlRefusalCode, detail: string): UrlRefusal {
  return { code, detail };
}
