/**
 * Who asks, and whether their key has the scope of the route, before anything of a body is read. All that is wrong with a key is
 * answered alike, so that nobody learns whether it was ever one. Secrets need no comparison in constant time: they are looked up by
 * the hash of 256 bits, and a hash that was guessed in part helps nobody to the secret.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { RouterRoute } from 'hono/types';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import { isApiKey, ORDER_KEY_NAME, type Holder } from '../../domain/access/api-key.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, TENANT_HEADER, type Tenant } from '../../domain/tenant.ts';
import { clientAddress, type TrustedProxies } from './client-address.ts';
import { countFailures } from './failed-authentications.ts';
import { limitRates } from './key-rates.ts';
import { ProblemError } from './problem.ts';
import { isForEveryTenant, needOf } from './scopes.ts';
import type { ApiEnv } from './env.ts';

export interface Authenticator {
  /** The holder of a key that is known without asking. `familiar`: it was known, and has to be looked up again. */
  readonly known: (secret: string) => Holder | 'familiar' | undefined;
  /** Undefined if the key is not accepted. */
  readonly lookUp: (secret: string) => Promise<Holder | undefined>;
}

/** `off`: everybody may do everything, which the settings allow on loopback alone. */
export type Authentication = Authenticator | 'off';

const NIL = '00000000-0000-0000-0000-000000000000';

/** Whoever asks an API that authenticates nobody. */
export const ANYBODY: Holder = {
  apiKeyId: NIL as ApiKeyId,
  principalId: NIL as PrincipalId,
  principal: 'anybody',
  kind: 'human',
  tenant: DEFAULT_TENANT,
  scopes: ALL_SCOPES,
  cidrs: undefined,
  rate: undefined,
};

/** Failures are counted, and the networks of keys compared, by the address of the client, for which `proxies` are believed. */
export function authenticate(authentication: Authentication, proxies: TrustedProxies): MiddlewareHandler<ApiEnv> {
  const failures = countFailures();
  const rates = limitRates();
  return async (c, next) => {
    const matched = matchedRoutes(c);
    // Where several routes match, the first one answers.
    const marker = matched.find(({ handler }) => needOf(handler) !== undefined)?.handler;
    const need = needOf(marker);
    // Without a route there is nothing to protect: the answer is 404 or 405.
    if (need === 'open' || !matched.some(isRoute)) return next();
    if (authentication === 'off') {
      c.set('holder', ANYBODY);
      c.set('charge', () => {});
      c.set('isLetIn', async () => true);
      return next();
    }
    const holder = asItAsks(c, await holderOf(c, authentication));
    c.set('holder', holder);
    c.set('isLetIn', () => isStillLetIn(secretOf(c), authentication));
    // A route without a scope is a mistake, which a test finds: nobody may ask it.
    if (need === undefined || !holder.scopes.includes(need))
      throw new ProblemError('scope_missing', {
        detail: `The key needs the scope ${need}.`,
        members: { scope: need },
      });
    if (holder.tenant !== DEFAULT_TENANT && !isForEveryTenant(marker))
      throw new ProblemError('tenant_not_served', { detail: 'Only keys of the tenant default may ask this route.' });
    c.set('charge', rates.charge(holder));
    await next();
  };

  async function holderOf(c: Context<ApiEnv>, authenticator: Authenticator): Promise<Holder> {
    const secret = secretOf(c);
    const address = clientAddress(c, proxies);
    const known = secret === undefined ? undefined : authenticator.known(secret);
    if (typeof known === 'object' && isFrom(known.cidrs, address)) return known;
    const waitSeconds = known === 'familiar' ? undefined : failures.waitSeconds(address);
    if (waitSeconds !== undefined)
      throw new ProblemError('too_many_failed_authentications', { headers: { 'Retry-After': String(waitSeconds) } });
    // Text that can be no key costs no look-up.
    const holder = secret !== undefined && isApiKey(secret) ? await authenticator.lookUp(secret) : undefined;
    if (holder !== undefined && isFrom(holder.cidrs, address)) return holder;
    failures.count(address);
    throw notAuthenticated();
  }
}

/** The order worker asks for the tenant that it names, with the key that was installed for it. A key that somebody has made is never believed. */
function asItAsks(c: Context<ApiEnv>, holder: Holder): Holder {
  const named = holder.installedAs === ORDER_KEY_NAME ? c.req.header(TENANT_HEADER) : undefined;
  return named === undefined ? holder : { ...holder, tenant: named as Tenant };
}

function secretOf(c: Context<ApiEnv>): string | undefined {
  return /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

/** No, if it cannot be asked: the client comes back with its key. */
async function isStillLetIn(secret = '', { known, lookUp }: Authenticator): Promise<boolean> {
  if (typeof known(secret) === 'object') return true;
  return lookUp(secret).then(
    (holder) => holder !== undefined,
    () => false,
  );
}

function notAuthenticated(): ProblemError {
  return new ProblemError('not_authenticated', {
    detail: 'Send Authorization: Bearer with a valid key of this API.',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

/** Whether this is a route, and not middleware. */
function isRoute({ method }: RouterRoute): boolean {
  return method !== 'ALL';
}

const lists = new WeakMap<readonly string[], BlockList>();

function isFrom(cidrs: readonly string[] | undefined, address: string | undefined): boolean {
  if (cidrs === undefined) return true;
  if (address === undefined) return false;
  return listOf(cidrs).check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function listOf(cidrs: readonly string[]): BlockList {
  const kept = lists.get(cidrs);
  if (kept !== undefined) return kept;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/');
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  lists.set(cidrs, list);
  return list;
}

/** Whether every address of a network is in one of these. */
export function isWithin(cidr: string, cidrs: readonly string[] | undefined): boolean {
  if (cidrs === undefined) return true;
  const [network = '', bits] = cidr.split('/');
  return cidrs.some((each) => {
    const [other = '', otherBits] = each.split('/');
    return isIPv6(network) === isIPv6(other) && Number(bits) >= Number(otherBits) && isFrom([each], network);
  });
}
