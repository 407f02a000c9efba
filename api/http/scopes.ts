/**
 * The scope that each route asks for, declared beside its other middleware, enforced by authenticate.ts and shown in OpenAPI; and
 * whether it is for keys of every tenant.
 */
import type { MiddlewareHandler } from 'hono';
import type { Scope } from '../../domain/access/scopes.ts';
import type { ApiEnv } from './env.ts';

/** `open`: without a key. */
export type Need = Scope | 'open';

type Marker = MiddlewareHandler<ApiEnv>;

interface Meaning {
  readonly need: Need;
  readonly isForEveryTenant: boolean;
}

const markers = new Map<string, Marker>();
const meanings = new Map<unknown, Meaning>();

/**
 * Marks a route with the scope that a key needs for it. Does nothing by itself. A key of any tenant but the default one is refused: the
 * route is about the installation as a whole, or does not keep tenants apart yet.
 */
export function requires(need: Need): Marker {
  return marker({ need, isForEveryTenant: false });
}

/** As `requires`, for a route that shows and changes only what is of the key's own tenant (docs/decisions/0047-tenants.md). */
export function requiresInTenant(need: Scope): Marker {
  return marker({ need, isForEveryTenant: true });
}

/** Marks a route that anybody may ask: it says nothing about money, or is between the services. */
export const openToAll: Marker = requires('open');

/** What a marker stands for; undefined if the handler is none. */
export function needOf(handler: unknown): Need | undefined {
  return meanings.get(handler)?.need;
}

/** False if the handler is no marker. */
export function isForEveryTenant(handler: unknown): boolean {
  return meanings.get(handler)?.isForEveryTenant ?? false;
}

function marker(meaning: Meaning): Marker {
  const name = `${meaning.need} ${meaning.isForEveryTenant}`;
  const known = markers.get(name);
  if (known !== undefined) return known;
  const made: Marker = (_c, next) => next();
  markers.set(name, made);
  meanings.set(made, meaning);
  return made;
}
