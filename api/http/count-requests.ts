/**
 * The counting of requests, by the pattern of the route and never by the path: whatever clients ask for, the number of series stays
 * the same.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Metrics } from '../../process/metrics.ts';
import type { ApiEnv } from './env.ts';
import { Shed } from './load-limits.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const OTHER_METHOD = 'other';
/** The route of a request that none has. */
const NO_ROUTE = 'none';
/** What hono calls the method of a middleware. */
const ANY_METHOD = 'ALL';
/** What any route may be answered with besides what its documentation says and what is refused before. */
const ALWAYS_POSSIBLE = ['500', '503'];
/** A refusal by the credential, the size, the rate or what is configured says little of the route, and would be a third of all series. */
const REFUSED_BEFORE = ['401', '403', '413', '415', '429', '501'];
const WITHOUT_ROUTE = ['404', '405', ...REFUSED_BEFORE];
/** The resource of what is neither one of the API nor its health: the console and the documentation. */
const PAGES = 'pages';

/** Does nothing without metrics. */
export function countRequests(metrics: Metrics | undefined): MiddlewareHandler<ApiEnv> {
  if (metrics === undefined) return (_c, next) => next();
  const { requests, answers, shed } = metrics;
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    const matched = routeOf(c);
    const status = `${c.res.status}`;
    const route = matched === undefined || REFUSED_BEFORE.includes(status) ? NO_ROUTE : matched.path;
    // Of a route's own, for a HEAD is answered by the route of GET.
    const method = matched?.method ?? (METHODS.includes(c.req.method) ? c.req.method : OTHER_METHOD);
    requests.add({ method, route, status });
    if (matched !== undefined)
      answers.observe({ method, resource: resourceOf(matched.path) }, (performance.now() - startedAt) / 1_000);
    if (c.error instanceof Shed) shed.add({ cause: c.error.shedCause });
  };
}

/** The route that has answered the request, if one has. */
export function routeOf(c: Context<ApiEnv>): { readonly method: string; readonly path: string } | undefined {
  return matchedRoutes(c).find(({ method }) => method !== ANY_METHOD);
}

function resourceOf(route: string): string {
  return /^\/(?:v1\/[^/:]+|internal\/[^/:]+|health)/.exec(route)?.[0] ?? PAGES;
}

type Routed = Pick<OpenAPIHono<ApiEnv>, 'routes' | 'openAPIRegistry'>;

/** Begins at 0 what each route of the app may be answered with. */
export function beginCounting(metrics: Metrics | undefined, app: Routed): void {
  if (metrics === undefined) return;
  const documented = documentedStatuses(app);
  for (const { method, path: route } of app.routes) {
    if (method === ANY_METHOD) continue;
    metrics.answers.begin({ method, resource: resourceOf(route) });
    for (const status of [...ALWAYS_POSSIBLE, ...(documented.get(`${method} ${route}`) ?? ['200'])])
      if (!REFUSED_BEFORE.includes(status)) metrics.requests.begin({ method, route, status });
  }
  for (const method of [...METHODS, OTHER_METHOD])
    for (const status of WITHOUT_ROUTE) metrics.requests.begin({ method, route: NO_ROUTE, status });
}

function documentedStatuses(app: Routed): Map<string, string[]> {
  const routes = app.openAPIRegistry.definitions.flatMap((each) => (each.type === 'route' ? [each.route] : []));
  return new Map(
    routes.map(({ method, path, responses }) => [
      `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
      Object.keys(responses),
    ]),
  );
}
