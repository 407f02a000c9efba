/**
 * A host and perhaps its port, as in Host headers, origins and the setting HOSTS; RFC 9110 calls it the authority. Each host has
 * one spelling, so that two authorities that mean the same are equal.
 */
export interface Authority {
  /** In lower case, without a dot at its end; an IP address as in URLs, and an IPv4 address within IPv6 as the IPv4 address. */
  readonly host: string;
  readonly port: number | undefined;
}

/** A host name has at most 253. */
const CHARACTERS_MAX = 260;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
const IPV4_WITHIN_IPV6 = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/**
 * Parses `api`, `api.example.com:3000`, `[::1]:3000`; returns undefined for anything else, also for a host that no URL can have.
 */
export function parseAuthority(text: string): Authority | undefined {
  if (text.length > CHARACTERS_MAX) return undefined;
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  const url = host === undefined ? null : URL.parse(`http://${text}`);
  if (url === null) return undefined;
  return { host: spelledOnce(url.hostname), port: port === undefined ? undefined : Number(port) };
}

/** The host of a socket's address, which may end in an interface: `::ffff:10.0.0.7`, `fe80::1%eth0`. */
export function hostOfAddress(address: string): string | undefined {
  const [withoutInterface = ''] = address.split('%', 1);
  return parseAuthority(withoutInterface.includes(':') ? `[${withoutInterface}]` : withoutInterface)?.host;
}

/** Whether a host is this machine: a name that means it whatever a name server says (RFC 6761), or a loopback address. */
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
