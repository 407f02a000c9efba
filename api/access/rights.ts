/** What a key may hand on: no more than it has, and nothing of a key that has more. */
import type { z } from '@hono/zod-openapi';
import type { ApiKey } from '../../db/access/keys.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import { isWithin } from '../http/authenticate.ts';
import { ProblemError } from '../http/problem.ts';
import type { keyRequest } from './key-fields.ts';

/** Throws `rights_exceeded` unless the holder has all that is asked for. The time is bounded where the key is stored. */
export function refuseMore(holder: Holder, asked: z.infer<typeof keyRequest>): void {
  const { rate } = holder;
  const more = [
    ...asked.scopes.filter((scope) => !holder.scopes.includes(scope)).map((scope) => `the scope ${scope}`),
    ...(asked.cidrs ?? []).filter((cidr) => !isWithin(cidr, holder.cidrs)).map((cidr) => `the network ${cidr}`),
    ...(rate !== undefined && (asked.per_second ?? 0) > rate.perSecond ? ['the rate'] : []),
    ...(rate !== undefined && (asked.burst ?? asked.per_second ?? 0) > rate.burst ? ['the burst'] : []),
    ...(asked.principal_id !== undefined &&
    asked.principal_id !== holder.principalId &&
    !holder.scopes.includes('principals:write')
      ? ['keys of other principals']
      : []),
  ];
  if (more.length > 0)
    throw new ProblemError('rights_exceeded', { detail: `The key that asks does not have ${more.join(', ')}.` });
}

/** Throws `rights_exceeded` if the key may what the holder may not: who could rotate it would have its secret. */
export function refuseStronger(holder: Holder, key: ApiKey): void {
  const isOwn = key.principalId === holder.principalId || holder.scopes.includes('principals:write');
  const { rate } = holder;
  const isCovered =
    key.scopes.every((scope) => holder.scopes.includes(scope)) &&
    (holder.cidrs === undefined || (key.cidrs?.every((cidr) => isWithin(cidr, holder.cidrs)) ?? false)) &&
    (rate === undefined || (key.perSecond ?? Infinity) <= rate.perSecond) &&
    (rate === undefined || (key.burst ?? Infinity) <= rate.burst);
  if (!isOwn || !isCovered)
    throw new ProblemError('rights_exceeded', { detail: 'The key may what the key that asks may not.' });
}
