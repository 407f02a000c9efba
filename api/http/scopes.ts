/** The scope that each route asks for, declared beside its other middleware, enforced by authenticate.ts and shown in OpenAPI. */
import type { MiddlewareHandler } from 'hono';
import type { Scope } from '../../domain/access/scopes.ts';
import type { ApiEnv } from './env.ts';

/** `open`: without a key. */
export type Need = Scope | 'open';

type Marker = MiddlewareHandler<ApiEnv>;

const markers = new Map<Need, Marker>();
const needs = new Map<unknown, Need>();

/** Marks a route with the scope that a key needs for it. Does nothing by itself. */
export function requires(need: Need): Marker {
  const marker = markers.get(need) ?? ((_c, next) => next());
  markers.set(need, marker);
  needs.set(marker, need);
  return marker;
}

/** Marks a route that anybody may ask: it says nothing about money, or is between the services. */
export const openToAll: Marker = requires('open');

/** What a marker stands for; undefined if the handler is none. */
export function needOf(handler: unknown): Need | undefined {
  return needs.get(handler);
}
