/**
 * The refusal of requests that a page of another site makes a browser send, before anything else of a request is read. A browser
 * sends whatever a page asks for to any address, loopback included, and a call without a body needs no permission; the browser
 * tells the page's origin in Sec-Fetch-Site and Origin. A page whose name is made to resolve to this address (DNS rebinding) is not
 * foreign by these headers, but the Host that it asks for gives it away. A client that sends neither header, such as curl or a
 * server, is judged by the Host alone. https://www.w3.org/TR/fetch-metadata/, https://www.rfc-editor.org/rfc/rfc9110#section-7.2
 */
import type { Context, MiddlewareHandler } from 'hono';
import { hostOfAddress, isLoopback, parseAuthority, type Authority } from '../../process/authority.ts';
import { isFromWebUi, type PayloadDecoding } from './decode-payloads.ts';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
/**
 * `same-origin`: a page of this very origin. `none`: the user, by address bar or bookmark. Any other value is another site or a
 * subdomain.
 */
const OWN_SITES = ['same-origin', 'none'];
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** `hosts`: the names, besides those of loopback, by which clients ask for the service. */
export function refuseCrossSite(hosts: readonly Authority[], decoding?: PayloadDecoding): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const asked = askedFor(c);
    const ownAddress = addressOf(c);
    const isDirect = ({ host }: Authority): boolean => isLoopback(host) || host === ownAddress;
    const foreign = asked.find((each) => !isDirect(each) && !hosts.some((named) => isSame(named, each)));
    if (foreign !== undefined)
      throw new ProblemError('host_not_allowed', { detail: `HOSTS does not name ${foreign.host}.` });

    const [target] = asked;
    if (!SAFE_METHODS.includes(c.req.method) && !isFromWebUi(decoding, c))
      refuseForeignPage(c, target, isDirect(target));
    await next();
  };
}

/** The request's target, and its Host if that differs, as it may if the request line has a whole URL. */
function askedFor(c: Context<ApiEnv>): [target: Authority, ...host: Authority[]] {
  const { url } = c.req;
  const start = url.indexOf('//') + 2;
  const target = url.slice(start, url.indexOf('/', start));
  // Several Host headers arrive here as one text, joined with commas.
  const host = c.req.header('host') ?? target;
  return host === target ? [read(target)] : [read(target), read(host)];
}

function read(text: string): Authority {
  const authority = parseAuthority(text);
  if (authority === undefined)
    throw new ProblemError('bad_request', { detail: 'Send one Host header, with a host that a URL can have.' });
  return authority;
}

/** The local address of the connection, as a host; undefined if the app is called without a server. */
function addressOf(c: Context<ApiEnv>): string | undefined {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  const address = incoming?.socket.localAddress;
  return address === undefined ? undefined : hostOfAddress(address);
}

function refuseForeignPage(c: Context<ApiEnv>, target: Authority, isDirect: boolean): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const forwardedProto = c.req.header('x-forwarded-proto')?.split(',', 1)[0]?.trim().toLowerCase();
  // A host named in HOSTS may be behind a proxy that ends TLS without sending X-Forwarded-Proto.
  const schemes = forwardedProto === undefined ? (isDirect ? ['http'] : ['http', 'https']) : [forwardedProto];
  const isForeign =
    (site !== undefined && !OWN_SITES.includes(site)) || (origin !== undefined && !isOwn(origin, target, schemes));
  if (isForeign)
    throw new ProblemError('cross_site_request', {
      detail: 'Nothing was done: a page of another origin asked for it.',
    });
}

/** Whether an origin is the target's: scheme, host and port. `null`, the origin of a sandboxed page, never is. */
function isOwn(origin: string, target: Authority, schemes: readonly string[]): boolean {
  const [, scheme, rest] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  const authority = rest === undefined ? undefined : parseAuthority(rest);
  if (scheme === undefined || authority === undefined || !schemes.includes(scheme)) return false;
  const portOf = ({ port = PORTS[scheme] }: Authority): number | undefined => port;
  return authority.host === target.host && portOf(authority) === portOf(target);
}

/** Whether a name of HOSTS is the host that was asked for. A name without a port matches any; a request without one, 80 and 443. */
function isSame(named: Authority, { host, port }: Authority): boolean {
  if (named.host !== host) return false;
  return (
    named.port === undefined || (port === undefined ? Object.values(PORTS).includes(named.port) : named.port === port)
  );
}
