/**
 * Refuses what a page of another site makes a browser send, before anything else of a request is looked at. A browser sends
 * whatever a page asks for to any address, loopback included, and a call without a body needs nobody's leave; it says where
 * the page is from in Sec-Fetch-Site and Origin. A page whose name is made to mean this address (DNS rebinding) is not
 * foreign by these, and is told by the Host that it asks for. Who sends none of this, as curl and servers do, notices nothing.
 * https://www.w3.org/TR/fetch-metadata/, https://www.rfc-editor.org/rfc/rfc9110#section-7.2
 */
import type { Context, MiddlewareHandler } from 'hono';
import { hostOfAddress, isLoopback, parseAuthority, type Authority } from '../../process/authority.ts';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
/** A page of this very origin, or the user by address bar or bookmark. Whatever else it says is another site, or a subdomain. */
const OWN_SITES = ['same-origin', 'none'];
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** `hosts`: by which names, besides those of loopback, the service is asked for. */
export function refuseCrossSite(hosts: readonly Authority[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const asked = askedFor(c);
    const ownAddress = addressOf(c);
    const isDirect = ({ host }: Authority): boolean => isLoopback(host) || host === ownAddress;
    const foreign = asked.find((each) => !isDirect(each) && !hosts.some((named) => isSame(named, each)));
    if (foreign !== undefined)
      throw new ProblemError('host_not_allowed', { detail: `HOSTS does not name ${foreign.host}.` });

    const [target] = asked;
    if (!SAFE_METHODS.includes(c.req.method)) refuseForeignPage(c, target, isDirect(target));
    await next();
  };
}

/** The target of the request, and its Host where that is another: where the request line has a whole URL. */
function askedFor(c: Context<ApiEnv>): [target: Authority, ...host: Authority[]] {
  const { url } = c.req;
  const start = url.indexOf('//') + 2;
  const target = url.slice(start, url.indexOf('/', start));
  // More than one Host header are one text here, with commas.
  const host = c.req.header('host') ?? target;
  return host === target ? [read(target)] : [read(target), read(host)];
}

function read(text: string): Authority {
  const authority = parseAuthority(text);
  if (authority === undefined)
    throw new ProblemError('bad_request', { detail: 'Send one Host, which a URL can have.' });
  return authority;
}

/** The address at which the connection came in, as a host; none where the app is called without a server. */
function addressOf(c: Context<ApiEnv>): string | undefined {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  const address = incoming?.socket.localAddress;
  return address === undefined ? undefined : hostOfAddress(address);
}

function refuseForeignPage(c: Context<ApiEnv>, target: Authority, isDirect: boolean): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const forwardedProto = c.req.header('x-forwarded-proto')?.split(',', 1)[0]?.trim().toLowerCase();
  // What is named in HOSTS may be behind something that ends TLS and does not say so.
  const schemes = forwardedProto === undefined ? (isDirect ? ['http'] : ['http', 'https']) : [forwardedProto];
  const isForeign =
    (site !== undefined && !OWN_SITES.includes(site)) || (origin !== undefined && !isOwn(origin, target, schemes));
  if (isForeign)
    throw new ProblemError('cross_site_request', {
      detail: 'Nothing was done: a page of another origin asked for it.',
    });
}

/** Whether an origin is the target's: scheme, host and port. `null`, which a sandboxed page has, is nobody's. */
function isOwn(origin: string, target: Authority, schemes: readonly string[]): boolean {
  const [, scheme, rest] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  const authority = rest === undefined ? undefined : parseAuthority(rest);
  if (scheme === undefined || authority === undefined || !schemes.includes(scheme)) return false;
  const portOf = ({ port = PORTS[scheme] }: Authority): number | undefined => port;
  return authority.host === target.host && portOf(authority) === portOf(target);
}

/** Whether a name of HOSTS is what was asked for; one without a port is so at any. */
function isSame(named: Authority, { host, port }: Authority): boolean {
  if (named.host !== host) return false;
  return (
    named.port === undefined || (port === undefined ? Object.values(PORTS).includes(named.port) : named.port === port)
  );
}
