/** The refusal of calls that no service of this installation has signed, and the signature of every answer. */
import type { MiddlewareHandler } from 'hono';
import {
  ANSWER_SIGNATURE_HEADER,
  createCallVerifier,
  SIGNATURE_HEADER,
  type SigningKeys,
} from '../../process/signed-call.ts';
import type { ApiEnv } from './env.ts';
import { readJson } from './request-body.ts';

/** Reads the body of a POST, so that its route need not: it is JSON. Without keys, TLS alone says who calls. */
export function requireSignature(keys: SigningKeys | undefined): MiddlewareHandler<ApiEnv> {
  const verifier = keys && createCallVerifier(keys);
  return async (c, next) => {
    const { method, url } = c.req.raw;
    const hasBody = method === 'POST';
    if (hasBody) await readJson(c, async () => {});
    if (verifier === undefined) return next();
    const body = hasBody ? new Uint8Array(await c.req.arrayBuffer()) : '';
    const { pathname, search } = new URL(url);
    const verdict = verifier.verify(c.req.header(SIGNATURE_HEADER), { method, target: pathname + search, body });
    if ('refusal' in verdict) {
      const problem = { type: 'about:blank', title: 'Not for you', status: 401, detail: verdict.refusal };
      return c.body(JSON.stringify(problem), 401, { 'Content-Type': 'application/problem+json' });
    }
    await next();
    const answer = new Uint8Array(await c.res.clone().arrayBuffer());
    c.res.headers.set(ANSWER_SIGNATURE_HEADER, verdict.signAnswer(c.res.status, answer));
    return undefined;
  };
}
