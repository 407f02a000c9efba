/**
 * A host and perhaps its port, as Host headers, origins and the setting HOSTS have them (RFC 9110 calls it the authority), in
 * one spelling for each host, so that two that mean the same are equal.
 */
export interface Authority {
  /** Lower case, without a dot at its end; an IP address as URLs have it, of IPv4 within IPv6 the IPv4 address. */
  readonly host: string;
  readonly port: number | undefined;
}

/** A name has at most 253. */
const CHARACTERS_MAX = 260;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
const IPV4_WITHIN_IPV6 = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/** `api`, `api.example.com:3000`, `[::1]:3000`; undefined for anything else, also for a host that no URL can have. */
export function parseAuthority(text: string): Authority | undefined {
  if (text.length > CHARACTERS_MAX) return undefined;
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  const url = host === undefined ? null : URL.parse(`http://${text}`);
  if (url === null) return undefined;
  return { host: spelledOnce(url.hostname), port: port === undefined ? undefined : Number(port) };
}

/** The host that a socket's address is, which may name an interface behind it: `::ffff:10.0.0.7`, `fe80::1%eth0`. */
export function hostOfAddress(address: string): string | undefined {
  const [withoutInterface = ''] = address.split('%', 1);
  return parseAuthority(withoutInterface.includes(':') ? `[${withoutInterface}]` : withoutInterface)?.host;
}

/** Names that stand for the machine itself, whatever a name server says (RFC 6761), and its own addresses. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** `hostname` is as the URL standard writes it. */
function spelledOnce(hostname: string): string {
  const [, high, low] = IPV4_WITHIN_IPV6.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  return [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((bits) => [bits >> 8, bits & 0xff])
    .join('.');
}
