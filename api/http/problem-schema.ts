/** Problem details in the OpenAPI document: the codes that a route may answer with, by status. */
import { z } from '@hono/zod-openapi';
import type { FieldCode } from './field-codes.ts';
import { statusOf, titleOf, type ProblemCode } from './problem.ts';

const problemSchema = z
  .looseObject({
    type: z.string().openapi({ example: 'urn:counterpoise:problem:amount_not_positive' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional().openapi({ description: 'The path of the request.' }),
    code: z.string().openapi({ description: 'Stable; programs should look at this.', example: 'amount_not_positive' }),
    request_id: z.string().openapi({ description: 'As in X-Request-Id and in the logs.' }),
    errors: z
      .array(
        z.looseObject({
          code: z.string(),
          detail: z.string(),
          pointer: z.string().optional(),
          parameter: z.string().optional(),
        }),
      )
      .optional()
      .openapi({
        description:
          'Every fault of a request that does not validate, with a JSON pointer into the body or the name of the parameter. The ' +
          'problem has the code of the first fault.',
        example: [{ pointer: '/amount', code: 'amount_not_positive', detail: 'Must be more than zero.' }],
      }),
  })
  .openapi('Problem', { description: 'RFC 9457 problem details.' });

const EVERYWHERE = [
  'not_authenticated',
  'scope_missing',
  'tenant_not_served',
  'rate_exceeded',
  'too_many_failed_authentications',
  'header_repeated',
  'cross_site_request',
  'host_not_allowed',
  'overloaded',
  'internal_error',
] as const;
/** The refusals that any JSON body may meet, whatever its fields. */
export const BODY_PROBLEMS = [
  'unsupported_media_type',
  'body_too_large',
  'invalid_utf8',
  'invalid_json',
  'name_repeated',
  'body_invalid',
  'unknown_field',
  'name_reserved',
  'text_invalid',
] as const;
export const PAGE_PROBLEMS = [
  'limit_invalid',
  'cursor_invalid',
  'cursor_of_another_list',
  'unknown_parameter',
] as const;

interface ProblemResponse {
  description: string;
  headers?: Record<string, { description: string; schema: { type: 'integer' } }>;
  content: { 'application/problem+json': { schema: typeof problemSchema } };
}

/** The error responses of a route: those with these codes, and those that every route may have. */
export function problemResponses(...codes: readonly (ProblemCode | FieldCode)[]): Record<string, ProblemResponse> {
  const byStatus = Map.groupBy([...codes, ...EVERYWHERE], statusOf);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, ofStatus]) => [String(status), problemResponse(status, ofStatus)]),
  );
}

function problemResponse(status: number, codes: readonly (ProblemCode | FieldCode)[]): ProblemResponse {
  return {
    description: codes.map((code) => `\`${code}\`: ${titleOf(code)}`).join('\n\n'),
    ...(status === 429 || status === 503
      ? {
          headers: {
            'Retry-After': {
              description: 'Seconds. Repeat with the same Idempotency-Key.',
              schema: { type: 'integer' as const },
            },
          },
        }
      : {}),
    content: { 'application/problem+json': { schema: problemSchema } },
  };
}
