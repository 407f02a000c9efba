/**
 * The forwarding of wallet requests to the wallet API, if that is a process of its own: the paths, answers and ids are the same. If
 * the wallet API does not answer in time, the request fails with `wallet_api_unavailable`. The client's key was judged here; the wallet
 * API is asked with this service's own.
 */
import type { MiddlewareHandler } from 'hono';
import { proxy } from 'hono/proxy';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';
import { tenantHeaders } from '../../domain/tenant.ts';
import { traced } from '../../process/traces.ts';
import { ACTING_HEADER, actingHeaderOf } from '../http/acting.ts';
import { ProblemError } from '../http/problem.ts';
import { readBytes } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';

const ANSWER_LIMIT_MS = 1_800;

/**
 * The paths of wallets, in which ids are UUIDs. Any other would be read as a URL once more, decoded, and could lead out of them: the
 * `..\..` of an id is `../..` there. So it is answered here, as the id that it is not.
 */
const OF_WALLETS = /^[\w/-]+$/;

const REQUEST_HEADERS = ['accept', 'content-type'];
const RESPONSE_HEADERS = ['allow', 'content-type', 'location', 'retry-after'];

export function forwardWallets(
  walletApiUrl: string,
  installation: () => Promise<Installation>,
  apiKey: string | undefined,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { method, path, raw } = c.req;
    if (!OF_WALLETS.test(path)) return next();
    const body = method === 'GET' || method === 'HEAD' ? undefined : await readBytes(c);
    const target = new URL(path + new URL(raw.url).search, walletApiUrl);
    try {
      const { installationId } = await installation();
      const answer = await traced({ name: 'wallet API', kind: 'client', place: 'active' }, (span) => {
        const traceparent = span.traceparent ?? c.var.trace.traceparent;
        return proxy(target, {
          method,
          headers: {
            ...Object.fromEntries(
              REQUEST_HEADERS.flatMap((name) =>
                c.req.header(name) === undefined ? [] : [[name, c.req.header(name)!]],
              ),
            ),
            [INSTALLATION_HEADER]: installationId,
            [ACTING_HEADER]: actingHeaderOf(c),
            ...tenantHeaders(c.var.holder.tenant),
            ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
            'x-request-id': c.var.trace.requestId,
            ...(traceparent === undefined ? {} : { traceparent }),
          },
          ...(body === undefined ? {} : { body }),
          signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
          redirect: 'manual',
        });
      });
      // Read to its end before it is passed on: an answer that breaks off is a failure.
      const bytes = await answer.arrayBuffer();
      const headers = Object.fromEntries(
        RESPONSE_HEADERS.flatMap((name) => (answer.headers.has(name) ? [[name, answer.headers.get(name)!]] : [])),
      );
      return c.body(bytes, answer.status as ContentfulStatusCode, headers);
    } catch (error) {
      throw new ProblemError('wallet_api_unavailable', { detail: 'Repeating the request is safe.', cause: error });
    }
  };
}
