/**
 * The bound on the parameters of a query, more than any route has. It is applied before the query is parsed: the framework takes
 * time for that which grows with the square of their number.
 */
import type { MiddlewareHandler } from 'hono';
import { faultyRequest } from './problem.ts';
import type { ApiEnv } from './env.ts';

const PARAMETERS_MAX = 100;

export const boundQuery: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { url } = c.req;
  let parameters = 1;
  for (let at = url.indexOf('&'); at >= 0 && parameters <= PARAMETERS_MAX; at = url.indexOf('&', at + 1))
    parameters += 1;
  if (parameters > PARAMETERS_MAX) {
    const detail = `A query may have ${PARAMETERS_MAX} parameters.`;
    throw faultyRequest([{ parameter: '', code: 'unknown_parameter', detail }]);
  }
  await next();
};
