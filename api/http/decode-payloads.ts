/**
 * The route at which Temporal's Web UI has encrypted payloads decrypted, by Temporal's protocol of codec servers: the browser of
 * whoever looks at a workflow asks, from the Web UI's origin, and that origin alone may. It is there only where both the keys and
 * that origin are set, and is no part of the public API. https://docs.temporal.io/production-deployment/data-encryption
 */
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import type { ApiEnv } from './env.ts';
import { ProblemError } from './problem.ts';
import { readJsonUpTo } from './request-body.ts';
import { openToAll } from './scopes.ts';

/** Temporal's payload, its bytes in base64. */
interface Payload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

export interface PayloadDecoding {
  /** Throws if one of them cannot be decrypted. */
  readonly decode: (payloads: readonly Payload[]) => Promise<readonly Payload[]>;
  /** `http://127.0.0.1:8233` */
  readonly uiOrigin: string;
}

const DECODE_PATH = '/v1/payloads/decode';

/** A page of a history has up to so much; Temporal's own limit of a payload is 2 MiB. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const PAYLOADS_MAX = 10_000;
const PREFLIGHT_SECONDS = '600';

const bytes = z.base64();
const question = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), bytes).default({}), data: bytes.default('') }))
    .max(PAYLOADS_MAX),
});

/** No route if payloads cannot be decrypted here. */
export function decodePayloadsRoute(decoding: PayloadDecoding | undefined) {
  const app = new Hono<ApiEnv>();
  if (decoding === undefined) return app;
  const { decode, uiOrigin } = decoding;
  return app
    .use(DECODE_PATH, async (c, next) => {
      c.header('Vary', 'Origin');
      if (c.req.header('origin') === uiOrigin) c.header('Access-Control-Allow-Origin', uiOrigin);
      await next();
    })
    .options(DECODE_PATH, openToAll, (c) =>
      c.body(null, 204, {
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Namespace',
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      }),
    )
    .post(DECODE_PATH, openToAll, readJsonUpTo(BODY_BYTES_MAX), async (c) => {
      if (c.req.header('origin') !== uiOrigin)
        throw new ProblemError('cross_site_request', { detail: 'Only the Temporal Web UI asks here.' });
      const asked = question.safeParse(await c.req.json());
      if (!asked.success) throw new ProblemError('body_invalid', { detail: 'Not a question that the Web UI asks.' });
      try {
        return c.json({ payloads: await decode(asked.data.payloads) });
      } catch (error) {
        throw new ProblemError('value_invalid', {
          detail: error instanceof Error ? error.message : 'A payload cannot be decrypted.',
          cause: error,
        });
      }
    });
}

/** Whether the Web UI's page asks for a decryption: the one request that a page of another origin may make. */
export function isFromWebUi(decoding: PayloadDecoding | undefined, { req }: Context<ApiEnv>): boolean {
  return decoding !== undefined && req.path === DECODE_PATH && req.header('origin') === decoding.uiOrigin;
}
