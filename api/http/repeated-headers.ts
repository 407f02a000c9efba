/**
 * Headers that say one thing, sent more than once, as a proxy or a retrying wrapper does: HTTP joins them to one value with commas,
 * which for an Idempotency-Key would be another key, and another movement. Equal ones count as one, others are refused.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

/** Of the others that are read, `Prefer` is a list, and an X-Request-Id or a traceparent with a comma is as good as none. */
const SAY_ONE_THING = ['idempotency-key', 'x-actor', 'content-type'] as const;

export const refuseRepeatedHeaders: MiddlewareHandler<ApiEnv> = async (c, next) => {
  for (const name of SAY_ONE_THING) {
    const values = valuesOf(c, name);
    if (values.length < 2) continue;
    if (new Set(values).size > 1)
      throw new ProblemError('header_repeated', {
        detail: `${name} was sent ${values.length} times, and not the same.`,
      });
    c.req.raw.headers.set(name, values[0]!);
  }
  await next();
};

/** Nothing where the app is called without a server. */
function valuesOf(c: Context<ApiEnv>, name: string): readonly string[] {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  return incoming?.headersDistinct?.[name] ?? [];
}
