/**
 * The address of the client who asks: the other end of the connection, or what the proxies that the setting TRUSTED_PROXIES names say
 * of it in X-Forwarded-For. Anybody else's X-Forwarded-For is text that a client made up.
 */
import type { Context } from 'hono';
import ipaddr from 'ipaddr.js';
import type { ApiEnv } from './env.ts';

export interface TrustedProxies {
  readonly has: (address: string) => boolean;
}

/** `cidrs`: `10.0.0.0/8`, `::1/128`. An IPv4 address within IPv6 counts as the IPv4 address. */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  return {
    has(text) {
      const address = parse(text);
      return (
        address !== undefined &&
        ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
      );
    },
  };
}

/** One spelling of each address. Undefined if the app is called without a server. For limits of what an address may do. */
export function clientAddress(c: Context<ApiEnv>, trusted: TrustedProxies): string | undefined {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  return clientBehind(incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'), trusted);
}

/**
 * From the connection's end backwards, the first address that is no trusted proxy's: what stands before it, that one may have made up.
 * Where an entry is no address, the proxy that has sent it stands for its client.
 */
export function clientBehind(
  remote: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): string | undefined {
  let client = remote === undefined ? undefined : parse(remote);
  const entries = forwardedFor?.split(',') ?? [];
  while (client !== undefined && trusted.has(client.toString())) {
    const before = parse(entries.pop()?.trim() ?? '');
    if (before === undefined) break;
    client = before;
  }
  return client?.toString();
}

/** Without the interface of a link-local address, and without a port, which some proxies add. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|(\d[\d.]*):\d{1,5})$/.exec(text) ?? [];
  const [address = ''] = (bracketed ?? plain ?? text).split('%', 1);
  // Short and octal spellings of IPv4 are no addresses that a proxy writes.
  return ipaddr.IPv6.isValid(address) || ipaddr.IPv4.isValidFourPartDecimal(address)
    ? ipaddr.process(address)
    : undefined;
}
