/** The fields of API keys in requests and answers, and what their routes share. */
import { isIP, isIPv6 } from 'node:net';
import { z } from '@hono/zod-openapi';
import type { ApiKey } from '../../db/access/keys.ts';
import type { Database } from '../../db/database.ts';
import { KEY_SECONDS_DEFAULT, KEY_SECONDS_MAX } from '../../domain/access/api-key.ts';
import { ALL_SCOPES, type Scope } from '../../domain/access/scopes.ts';
import {
  apiKeyIdField,
  exampleKeyId,
  exampleMovementId,
  examplePrincipalId,
  idAnswer,
  instantAnswer,
  nameField,
  principalIdField,
} from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { faultCode } from '../http/validation.ts';

export interface KeyDeps {
  /** The access service's; undefined where the API asks for no keys and has none. */
  readonly accessDatabase: Database | undefined;
}

export const tags = ['Keys'];
export const path = '/v1/api-keys/{api_key_id}';
export const idParameter = z.object({ api_key_id: apiKeyIdField });

const CIDRS_MAX = 50;
const PER_SECOND_MAX = 100_000;
const BURST_MAX = 1_000_000;

const scopesField = z
  .array(z.enum(ALL_SCOPES as [Scope, ...Scope[]], { error: faultCode('scopes_invalid') }), {
    error: faultCode('scopes_invalid'),
  })
  .min(1, 'scopes_invalid')
  .refine((scopes) => new Set(scopes).size === scopes.length, 'scopes_invalid')
  .openapi({ example: ['transfers:read', 'transfers:write'] });

const cidrsField = z
  .array(z.string({ error: faultCode('cidrs_invalid') }).refine(isCidr, 'cidrs_invalid'), {
    error: faultCode('cidrs_invalid'),
  })
  .min(1, 'cidrs_invalid')
  .max(CIDRS_MAX, 'cidrs_invalid')
  .optional()
  .openapi({
    example: ['10.1.0.0/16'],
    description: 'The networks from which the key is accepted. Left out: those of the key that asks.',
  });

const wholeField = (code: 'per_second_invalid' | 'burst_invalid', max: number) =>
  z
    .int({ error: faultCode(code) })
    .min(1, code)
    .max(max, code)
    .optional();

export const expiresInField = z
  .int({ error: faultCode('key_expires_in_invalid') })
  .min(60, 'key_expires_in_invalid')
  .max(KEY_SECONDS_MAX, 'key_expires_in_invalid')
  .optional()
  .openapi({
    example: KEY_SECONDS_DEFAULT,
    description: `Seconds; at most ${KEY_SECONDS_MAX}, a year. Left out: ${KEY_SECONDS_DEFAULT}, 90 days. It never outlives the key that asks.`,
  });

export const keyRequest = z
  .strictObject(
    {
      name: nameField,
      scopes: scopesField,
      expires_in: expiresInField,
      cidrs: cidrsField,
      per_second: wholeField('per_second_invalid', PER_SECOND_MAX).openapi({
        description:
          'How many requests a second, of each process of the API. Left out: as many as the key that asks may.',
      }),
      burst: wholeField('burst_invalid', BURST_MAX).openapi({
        description: 'How many at once after a rest. Left out: as many as `per_second`.',
      }),
      principal_id: principalIdField.optional().openapi({
        example: examplePrincipalId,
        description:
          'Whose key it is. Left out: of the principal that asks. For another one, `principals:write` is needed.',
      }),
    },
    { error: faultCode('body_invalid') },
  )
  .refine(({ per_second, burst }) => burst === undefined || per_second !== undefined, {
    path: ['burst'],
    error: 'burst_invalid',
  })
  .openapi('ApiKeyRequest');

export const keyAnswer = z
  .object({
    api_key_id: idAnswer(exampleKeyId),
    principal_id: idAnswer(examplePrincipalId),
    name: z.string().openapi({ example: 'billing' }),
    hint: z.string().openapi({ example: 'cpk_4mZq', description: 'The first characters of the secret.' }),
    scopes: z.array(z.string()).openapi({ example: ['transfers:read', 'transfers:write'] }),
    cidrs: z.array(z.string()).nullable(),
    per_second: z.int().nullable(),
    burst: z.int().nullable(),
    status: z.enum(['ACTIVE', 'EXPIRED', 'REVOKED']),
    created_by: idAnswer(exampleKeyId).nullable().openapi({ description: 'The key by which it was made.' }),
    rotated_to: idAnswer(exampleKeyId).nullable().openapi({ description: 'The key that takes its place.' }),
    created_at: instantAnswer,
    expires_at: instantAnswer
      .nullable()
      .openapi({ description: 'Null for a key that was installed with the services.' }),
    revoked_at: instantAnswer.nullable(),
  })
  .openapi('ApiKey');

/** `secret` is null if the key was made by an earlier request. */
export const keyWithSecret = keyAnswer
  .extend({
    secret: z.string().nullable().openapi({
      example: null,
      description:
        'Shown this once. Null if an earlier request with this Idempotency-Key made the key: rotate it, or revoke it.',
    }),
  })
  .openapi('ApiKeyWithSecret');

export const madeKey = keyWithSecret
  .extend({
    awaits_approval_id: idAnswer(exampleMovementId).nullable().openapi({
      example: null,
      description:
        'The approval of kind `grant` until which its votes are refused with `vote_not_granted`; null if they count, or it has none.',
    }),
  })
  .openapi('ApiKeyMade');

export const oneProblems = [
  'api_key_not_found',
  'api_key_id_invalid',
  'access_not_configured',
  'database_unavailable',
] as const;

export function renderKey(key: ApiKey): z.infer<typeof keyAnswer> {
  return {
    api_key_id: key.apiKeyId,
    principal_id: key.principalId,
    name: key.name,
    hint: key.hint,
    scopes: key.scopes,
    cidrs: key.cidrs,
    per_second: key.perSecond,
    burst: key.burst,
    status: statusOf(key),
    created_by: key.createdBy,
    rotated_to: key.rotatedTo,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}

function statusOf({ revokedAt, expiresAt }: ApiKey): 'ACTIVE' | 'EXPIRED' | 'REVOKED' {
  if (revokedAt !== null) return 'REVOKED';
  return expiresAt !== null && expiresAt.getTime() <= Date.now() ? 'EXPIRED' : 'ACTIVE';
}

export function databaseOf({ accessDatabase }: KeyDeps): Database {
  if (accessDatabase === undefined) throw new ProblemError('access_not_configured');
  return accessDatabase;
}

/** A network in CIDR notation whose address is that of the network. */
function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-f:.]{2,45})\/(\d{1,3})$/i.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIPv6(address) ? 128 : 32);
}
