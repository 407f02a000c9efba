/**
 * The rule for single-valued headers that are sent more than once, as a proxy or a retrying wrapper does. HTTP joins the values
 * with commas, which for an Idempotency-Key would be another key, and so another movement. Equal values count as one; different
 * ones are refused.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

/** Of the other headers that the API reads, `Prefer` is a list, and joined values of X-Request-Id or traceparent count as none. */
const SAY_ONE_THING = ['idempotency-key', 'x-actor', 'content-type'] as const;

export const refuseRepeatedHeaders: MiddlewareHandler<ApiEnv> = async (c, next) => {
  for (const name of SAY_ONE_THING) {
    const values = valuesOf(c, name);
    if (values.length < 2) continue;
    if (new Set(values).size > 1)
      throw new ProblemError('header_repeated', {
        detail: `${name} was sent ${values.length} times, with different values.`,
      });
    c.req.raw.headers.set(name, values[0]!);
  }
  await next();
};

/** Empty if the app is called without a server. */
function valuesOf(c: Context<ApiEnv>, name: string): readonly string[] {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  return incoming?.headersDistinct?.[name] ?? [];
}
