/** A key as it is to be stored, with a secret that is drawn for it. */
import { hash, randomInt, randomUUID } from 'node:crypto';
import type { z } from '@hono/zod-openapi';
import type { ApiKey, NewKey } from '../../db/access/keys.ts';
import type { NewRootKey } from '../../db/access/tenants.ts';
import { drawApiKey, KEY_SECONDS_DEFAULT, type Holder } from '../../domain/access/api-key.ts';
import { TENANT_SCOPES } from '../../domain/access/scopes.ts';
import { bodyHash } from '../../domain/derived-id.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { ANYBODY, isWithin } from '../http/authenticate.ts';
import type { keyRequest } from './key-fields.ts';

const HINT_CHARACTERS = 8;
/** A working day. */
const SESSION_SECONDS = 12 * 3_600;
const LOOPBACK_CIDRS = ['127.0.0.0/8', '::1/128'];

/** The key that is asked for, with what is left out as the holder has it. */
export function keyFor(
  holder: Holder,
  asked: z.infer<typeof keyRequest>,
  idempotencyKey: string,
): { key: NewKey & { bodyHash: string }; secret: string } {
  const principalId = asked.principal_id ?? holder.principalId;
  const perSecond = asked.per_second ?? holder.rate?.perSecond;
  return withSecret({
    tenant: holder.tenant,
    principalId,
    name: asked.name,
    scopes: asked.scopes,
    cidrs: asked.cidrs ?? holder.cidrs,
    perSecond,
    burst: asked.burst ?? (asked.per_second === undefined ? holder.rate?.burst : asked.per_second),
    expiresInSeconds: asked.expires_in ?? KEY_SECONDS_DEFAULT,
    createdBy: makerOf(holder),
    idempotencyKey,
    bodyHash: bodyHash({ ...asked, principal_id: principalId }),
  });
}

export function successorOf(
  holder: Holder,
  former: ApiKey,
  expiresIn: number | undefined,
): { key: NewKey; secret: string } {
  return withSecret({
    tenant: former.tenant,
    principalId: former.principalId,
    name: former.name,
    scopes: former.scopes,
    cidrs: former.cidrs ?? undefined,
    perSecond: former.perSecond ?? undefined,
    burst: former.burst ?? undefined,
    expiresInSeconds: expiresIn ?? KEY_SECONDS_DEFAULT,
    createdBy: makerOf(holder),
    idempotencyKey: undefined,
    bodyHash: undefined,
  });
}

/**
 * A key for a page of the console on this machine, and for no other network, whatever that of the key that has asked for the link may be:
 * with the rights of its holder.
 */
export function sessionKeyFor(holder: Holder): { key: NewKey; secret: string } {
  return withSecret({
    tenant: holder.tenant,
    principalId: holder.principalId,
    name: 'console',
    scopes: holder.scopes,
    cidrs: loopbackOf(holder.cidrs),
    perSecond: holder.rate?.perSecond,
    burst: holder.rate?.burst,
    expiresInSeconds: SESSION_SECONDS,
    createdBy: makerOf(holder),
    idempotencyKey: undefined,
    bodyHash: undefined,
  });
}

/** The root key of a tenant: with every scope of one, and otherwise no more than the holder has. */
export function rootKeyFor(holder: Holder, tenant: Tenant): { key: NewRootKey; secret: string } {
  return withSecret({
    tenant,
    name: 'root',
    scopes: TENANT_SCOPES,
    cidrs: holder.cidrs,
    perSecond: holder.rate?.perSecond,
    burst: holder.rate?.burst,
    createdBy: makerOf(holder),
  });
}

/** What is both in these networks and of this machine: of two networks either is within the other, or they have nothing in common. */
function loopbackOf(cidrs: readonly string[] | undefined): string[] {
  const own = (cidrs ?? []).filter((cidr) => isWithin(cidr, LOOPBACK_CIDRS));
  return [...new Set([...own, ...LOOPBACK_CIDRS.filter((cidr) => isWithin(cidr, cidrs))])];
}

function withSecret<Key extends object>(key: Key) {
  const secret = drawApiKey(randomInt);
  const made = {
    apiKeyId: randomUUID() as ApiKeyId,
    keyHash: hash('sha256', secret, 'hex'),
    hint: secret.slice(0, HINT_CHARACTERS),
  };
  return { key: { ...key, ...made }, secret };
}

/** Where nobody is authenticated, no key asks. */
function makerOf({ apiKeyId }: Holder): ApiKeyId | undefined {
  return apiKeyId === ANYBODY.apiKeyId ? undefined : apiKeyId;
}
