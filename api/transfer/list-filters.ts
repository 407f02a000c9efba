/**
 * The query of a list of movements: the filters that transfers and transactions have in common, all of which combine, and their
 * names in the database queries.
 */
import { z } from '@hono/zod-openapi';
import { formatUnits, parseUnits, amountProblem } from '../../domain/money.ts';
import { instantField, metadataPairField, referenceField, walletIdField } from '../http/fields.ts';
import { creationCursor, decodeCursor, pageParameters, type ListPath } from '../http/pagination.ts';
import { PAGE_PROBLEMS } from '../http/problem-schema.ts';
import { faultCode, faultSaying } from '../http/validation.ts';

/** Like the amount of a movement, but it may be zero. */
const amountBoundField = z
  .string({ error: faultCode('amount_invalid') })
  .superRefine((text, context) => {
    const problem = /^0(\.0{1,4})?$/.test(text) ? undefined : amountProblem(text);
    const message = problem === 'amount_not_positive' ? faultSaying(problem, 'Must be zero or more.') : problem;
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((text) => formatUnits(parseUnits(text)))
  .optional();

const filters = {
  wallet_id: walletIdField.optional(),
  reference: referenceField.openapi({ description: 'Exactly this reference.' }),
  metadata: metadataPairField.optional().openapi({
    param: { style: 'deepObject', explode: true },
    description: 'One pair, as `metadata[order_id]=42`: lists movements that have this key with exactly this value.',
  }),
  amount_min: amountBoundField.openapi({ type: 'string', example: '10.00', description: 'This amount included.' }),
  amount_max: amountBoundField.openapi({ type: 'string', example: '99.99', description: 'This amount included.' }),
  created_after: instantField.optional().openapi({ description: 'This instant included.' }),
  created_before: instantField.optional().openapi({ description: 'This instant excluded.' }),
};

/** The parameters of a list of movements; `own` are those that only one kind of movement has. */
export function listQuery<Own extends z.core.$ZodLooseShape>(own: Own) {
  const query = z.strictObject({ ...filters, ...own, ...pageParameters });
  // Typed as the input that a client sends and not as `unknown`, for typed clients.
  return z.preprocess(gatherMetadata, query) as unknown as z.ZodPipe<
    z.ZodType<z.input<typeof query>, z.input<typeof query>>,
    typeof query
  >;
}

export const LIST_PROBLEMS = [
  'wallet_id_invalid',
  'text_invalid',
  'too_long',
  'metadata_pair_invalid',
  'amount_invalid',
  'amount_not_positive',
  'amount_too_precise',
  'amount_too_large',
  'instant_invalid',
  ...PAGE_PROBLEMS,
  'database_unavailable',
] as const;

/** The description of every list of movements. */
export const LIST_DESCRIPTION = `A movement is listed if it passes all filters. One request tests a bounded number of movements.
If few of them pass, a page may have fewer than \`limit\` or none, and still a \`next_cursor\` to go on with. Only \`next_cursor:
null\` is the end.`;

/** Returns the common filters by their names in the queries. Asks for one row more than the page holds. */
export function listFilter(
  list: ListPath,
  { limit, cursor, ...query }: z.output<ReturnType<typeof listQuery<object>>>,
) {
  const position = decodeCursor(list, creationCursor, cursor);
  const [pair] = Object.entries(query.metadata ?? {});
  return {
    walletId: query.wallet_id,
    reference: query.reference,
    metadata: pair && { key: pair[0], value: pair[1] },
    amountMin: query.amount_min,
    amountMax: query.amount_max,
    createdAfter: query.created_after,
    createdBefore: query.created_before,
    after: position && { createdAt: position[0], id: position[1].toLowerCase() },
    limit: limit + 1,
  };
}

const METADATA_PARAMETER = /^metadata\[(.*)\]$/s;

/** Gathers `metadata[order_id]=42` into one object under `metadata`, as OpenAPI's deep objects are. */
function gatherMetadata(query: unknown): unknown {
  const given = Object.entries(query as Record<string, unknown>);
  const pairs = given.flatMap(([name, value]) => {
    const key = METADATA_PARAMETER.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  if (pairs.length === 0) return query;
  const others = given.filter(([name]) => !METADATA_PARAMETER.test(name));
  // A plain `metadata` beside them stays, and is refused.
  return { metadata: Object.fromEntries(pairs), ...Object.fromEntries(others) };
}
