/**
 * The schemas of the fields of requests and answers. They validate, normalize and document at once: ids come out in lower case,
 * amounts with four decimals.
 */
import { z } from '@hono/zod-openapi';
import { isCurrency, type Currency } from '../../domain/currency.ts';
import type {
  ApiKeyId,
  BatchId,
  CaseId,
  ConsignmentId,
  OrderId,
  PrincipalId,
  RecurringTransferId,
  ReturnId,
  RunId,
  ShipmentId,
  TransactionId,
  TransferId,
  WalletId,
  WebhookEndpointId,
  WebhookReplayId,
} from '../../domain/ids.ts';
import { amountProblem, formatUnits, parseUnits } from '../../domain/money.ts';
import type { FieldCode } from './field-codes.ts';
import { forbiddenCharacter } from './plain-text.ts';
import { isStorable } from './request-body.ts';
import { faultCode } from './validation.ts';

export const exampleWalletId = '8f14e45f-ceea-867f-9b1c-2d3e4f5a6b7c';
export const exampleReceiverId = '1c9ac015-9d3c-8e35-a1f2-7b6c5d4e3f2a';
export const exampleMovementId = '5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10';
export const exampleRecurringId = '3d7c1e20-95ab-8c04-a6f7-0b1c2d3e4f5a';

export const exampleCaseId = '7d1f0c2e-94ab-4c65-8e21-3a5b6c7d8e9f';
export const exampleRunId = '2b8e6a40-51cd-4f7a-9d03-6e1f2a3b4c5d';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Any UUID, whatever its version; whether anything has that id is for its service to say. */
function uuid<Id extends string>(code: FieldCode, example: string) {
  return z
    .string({ error: faultCode(code) })
    .regex(UUID, code)
    .toLowerCase()
    .transform((id) => id as Id)
    .openapi({ type: 'string', format: 'uuid', example });
}

export const walletIdField = uuid<WalletId>('wallet_id_invalid', exampleWalletId);
export const transferIdField = uuid<TransferId>('transfer_id_invalid', exampleMovementId);
export const transactionIdField = uuid<TransactionId>('transaction_id_invalid', exampleMovementId);
export const recurringTransferIdField = uuid<RecurringTransferId>('recurring_transfer_id_invalid', exampleRecurringId);

export const caseIdField = uuid<CaseId>('case_id_invalid', exampleCaseId);
export const runIdField = uuid<RunId>('run_id_invalid', exampleRunId);

export const exampleEndpointId = '4e7a1b0c-8d2f-4c35-9a6e-1f2b3c4d5e6f';
export const webhookEndpointIdField = uuid<WebhookEndpointId>('webhook_endpoint_id_invalid', exampleEndpointId);
export const replayIdField = uuid<WebhookReplayId>('replay_id_invalid', exampleRunId);

export const exampleKeyId = '9a4c2e17-6b0d-4f38-8e51-2c7d9b0a1f36';
export const examplePrincipalId = '6d2f8b90-17ce-4a53-b4e8-0f9a1c3d5e72';
export const apiKeyIdField = uuid<ApiKeyId>('api_key_id_invalid', exampleKeyId);
export const principalIdField = uuid<PrincipalId>('principal_id_invalid', examplePrincipalId);

export const batchIdField = uuid<BatchId>('batch_id_invalid', exampleMovementId);

export const orderIdField = uuid<OrderId>('order_id_invalid', exampleMovementId);
/** An invoice has the id of its consignment. */
export const invoiceIdField = uuid<ConsignmentId>('invoice_id_invalid', exampleMovementId);
export const shipmentIdField = uuid<ShipmentId>('shipment_id_invalid', exampleRunId);
export const returnIdField = uuid<ReturnId>('return_id_invalid', exampleRunId);

/** The name by which a seller sells something, and keeps it in stock. */
export const skuField = z
  .string({ error: faultCode('sku_invalid') })
  .regex(/^[\w.-]{1,64}$/, 'sku_invalid')
  .openapi({ type: 'string', example: 'TEAPOT-1L' });

export const AMOUNT_DESCRIPTION =
  'A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals.';

export const amountField = z
  .string({ error: faultCode('amount_invalid') })
  .superRefine((text, context) => {
    const problem = amountProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((text) => formatUnits(parseUnits(text)))
  .openapi({
    type: 'string',
    example: '25.00',
    description: AMOUNT_DESCRIPTION,
  });

export const currencyField = z
  .string({ error: faultCode('currency_invalid') })
  .refine(isCurrency, 'currency_invalid')
  .default('USD' as Currency)
  .openapi({ type: 'string', default: 'USD', example: 'USD', description: 'An active ISO 4217 code, upper case.' });

/** Counts characters as JSON Schema and PostgreSQL do, not UTF-16 units. */
export function isWithin(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax || (text.length <= 2 * charactersMax && Array.from(text).length <= charactersMax);
}

/** Text that PostgreSQL can store. Checked here because text in a path, a query or a header does not pass the check of bodies. */
export function textField(charactersMax: number) {
  return z
    .string({ error: faultCode('text_invalid') })
    .refine(isStorable, { error: 'text_invalid', abort: true })
    .refine((text) => isWithin(text, charactersMax), 'too_long')
    .openapi({ type: 'string', maxLength: charactersMax });
}

/** Whom the holder of the key acts for. Nothing depends on it: the actor is the key's principal. */
export const onBehalfOfHeader = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'actor_invalid')
  .optional()
  .openapi({
    example: 'alice@example.com',
    description: 'Whom you act for, if that is somebody else; kept in the log for ever.',
  });

/** Text that is shown as one line. Not for `reference` and `metadata`, for which an earlier rule was looser: see only-if-new.ts. */
function lineField(charactersMax: number) {
  return textField(charactersMax).refine((text) => forbiddenCharacter(text) === undefined, 'character_forbidden');
}

/** The name that people give something. */
export const nameField = lineField(100)
  .refine((text) => text.trim() !== '', 'too_short')
  .openapi({ minLength: 1, example: 'billing' });

export const referenceField = textField(255).optional().openapi({
  example: 'Invoice 2026-0042',
  description:
    'Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text.',
});

/** The reason that an operator gives for stepping in. */
export const commentField = lineField(1_000)
  .refine((text) => text.trim() !== '', 'too_short')
  .openapi({ minLength: 1, example: 'The receiver’s database is back.' });

const KEYS_MAX = 50;
const KEY_CHARACTERS_MAX = 40;
const VALUE_CHARACTERS_MAX = 500;

/** Metadata that is left out is the same as `{}`. */
export const metadataField = z
  .record(z.string(), z.unknown(), { error: faultCode('metadata_invalid') })
  .superRefine((metadata, context) => {
    const entries = Object.entries(metadata);
    const refuse = (path: string[]): void => context.addIssue({ code: 'custom', message: 'metadata_invalid', path });
    if (entries.length > KEYS_MAX) return refuse([]);
    for (const [key, value] of entries) {
      if (key === '' || !isWithin(key, KEY_CHARACTERS_MAX)) refuse([key.slice(0, KEY_CHARACTERS_MAX)]);
      else if (typeof value !== 'string' || !isWithin(value, VALUE_CHARACTERS_MAX)) refuse([key]);
    }
  })
  .transform((metadata) => metadata as Record<string, string>)
  .default({})
  .openapi({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: VALUE_CHARACTERS_MAX },
    maxProperties: KEYS_MAX,
    example: { order_id: '42' },
    description: `Up to ${KEYS_MAX} keys of 1 to ${KEY_CHARACTERS_MAX} characters, with strings of up to ${VALUE_CHARACTERS_MAX}, each one line as \`reference\` is.`,
  });

/** One pair of metadata, as an object of one key. */
export const metadataPairField = z
  .record(z.string(), z.string({ error: faultCode('metadata_pair_invalid') }), {
    error: faultCode('metadata_pair_invalid'),
  })
  .superRefine((metadata, context) => {
    const entries = Object.entries(metadata);
    const [key = '', value = ''] = entries[0] ?? [];
    const isPair =
      entries.length === 1 && key !== '' && isWithin(key, KEY_CHARACTERS_MAX) && isWithin(value, VALUE_CHARACTERS_MAX);
    if (!isPair) context.addIssue({ code: 'custom', message: 'metadata_pair_invalid' });
    else if (!isStorable(key) || !isStorable(value)) context.addIssue({ code: 'custom', message: 'text_invalid' });
  })
  .openapi({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: VALUE_CHARACTERS_MAX },
    minProperties: 1,
    maxProperties: 1,
    example: { order_id: '42' },
  });

const INSTANT_MIN = Date.parse('0001-01-01T00:00:00Z');
const INSTANT_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** An RFC 3339 time. Puts back the plus sign of an offset, which a query string turns into a space unless it is encoded. */
export const instantField = z
  .string({ error: faultCode('instant_invalid') })
  .overwrite((text) => text.replace(/ (?=\d\d:\d\d$)/, '+').toUpperCase())
  .pipe(z.iso.datetime({ offset: true, error: 'instant_invalid' }))
  .transform((text) => new Date(text))
  .refine((instant) => instant.getTime() >= INSTANT_MIN && instant.getTime() <= INSTANT_MAX, 'instant_invalid')
  .openapi({ type: 'string', format: 'date-time', example: '2026-01-31T12:00:00Z' });

/** The schemas of an instant, an amount and an id in answers. */
export const instantAnswer = z.string().openapi({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' });
export const amountAnswer = z.string().openapi({ example: '25.0000' });
export const idAnswer = (example: string) => z.string().openapi({ format: 'uuid', example });
