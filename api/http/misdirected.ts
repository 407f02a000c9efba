/**
 * The refusal of requests from a service of another installation, which found this API at an address in its settings. Clients name
 * no installation, and are served.
 */
import type { MiddlewareHandler } from 'hono';
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';
import { ProblemError } from './problem.ts';
import type { ApiEnv } from './env.ts';

/** `own` returns the installation that the API's databases belong to. */
export function refuseMisdirected(own: () => Promise<Installation>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const named = c.req.header(INSTALLATION_HEADER);
    if (named !== undefined && named !== (await ownId(own)))
      throw new ProblemError('misdirected_request', {
        detail:
          'The request is meant for another installation: the service that sent it has an address of this one in its settings.',
      });
    await next();
  };
}

async function ownId(own: () => Promise<Installation>): Promise<string> {
  try {
    return (await own()).installationId;
  } catch (error) {
    throw new ProblemError('database_unavailable', { detail: 'Nothing was changed. Try again.', cause: error });
  }
}
