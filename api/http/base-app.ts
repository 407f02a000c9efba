/**
 * The base of the transfer API and of the wallet API: request ids and log lines, the refusal of requests from other sites' pages,
 * load shedding, keys with their scopes and rates, validation faults, and a problem for every error, for an unknown route and for a
 * wrong method.
 */
import { $, OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { Authority } from '../../process/authority.ts';
import type { Installation } from '../../domain/installation.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { authenticate, type Authentication } from './authenticate.ts';
import { trustedProxies } from './client-address.ts';
import { countRequests } from './count-requests.ts';
import { refuseCrossSite } from './cross-site.ts';
import type { PayloadDecoding } from './decode-payloads.ts';
import { limitLoad, type LoadBounds } from './load-limits.ts';
import { refuseMisdirected } from './misdirected.ts';
import { answerProblem, ProblemError } from './problem.ts';
import { boundQuery } from './query-bound.ts';
import { refuseRepeatedHeaders } from './repeated-headers.ts';
import type { ApiEnv } from './env.ts';
import { withRequestContext } from './request-context.ts';
import { refuseFaulty } from './validation.ts';

export interface BaseDeps {
  readonly log: Logger;
  /** The names, besides those of loopback, by which clients ask for the API. */
  readonly hosts: readonly Authority[];
  readonly bounds: LoadBounds;
  readonly authentication: Authentication;
  /** The networks of proxies that are believed who asks: TRUSTED_PROXIES. */
  readonly proxies?: readonly string[] | undefined;
  /** Absent if this process decrypts nothing for the Temporal Web UI. */
  readonly decoding?: PayloadDecoding | undefined;
  /** Absent if this process counts nothing. */
  readonly metrics?: Metrics | undefined;
  /** The installation that the process's databases belong to. */
  readonly installation: () => Promise<Installation>;
}

const NO_ROUTE = 'The OpenAPI document of the API, /openapi.json, has all its routes.';

/** The bounds of one API process. `requestsMax`, a setting, counts short requests, which wait for nothing but a database. */
export function loadBounds(requestsMax: number): LoadBounds {
  return { requestsMax, waitersMax: 1_000, settlementsMax: 1_000, bodyBytesMax: 256 * 1024 * 1024 };
}

export function createBaseApp(deps: BaseDeps) {
  const { log, hosts, bounds, authentication, proxies = [], metrics, installation, decoding } = deps;
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseFaulty });
  app.onError(answerProblem);
  app.notFound((c) => answerProblem(new ProblemError('route_not_found', { detail: NO_ROUTE }), c));
  return $(
    app
      .use(countRequests(metrics))
      .use(withRequestContext(log))
      .use(refuseCrossSite(hosts, decoding))
      .use(refuseRepeatedHeaders)
      .use(
        methodNotAllowed({
          app,
          onMethodNotAllowed: (c, methods) => {
            const Allow = methods.join(', ');
            return answerProblem(
              new ProblemError('method_not_allowed', { detail: `The route has ${Allow}.`, headers: { Allow } }),
              c,
            );
          },
        }),
      )
      .use(limitLoad(bounds))
      .use(authenticate(authentication, trustedProxies(proxies)))
      .use(boundQuery)
      .use(refuseMisdirected(installation)),
  );
}
