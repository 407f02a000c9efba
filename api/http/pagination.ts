/**
 * Pages of lists, newest first. A cursor is the position of the last item returned, so items that are added meanwhile shift no
 * page. It is opaque to clients, names its list by the path, and is validated like any input when it comes back.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Place } from '../../domain/place.ts';
import { FIELD_FAULTS, type FieldCode } from './field-codes.ts';
import { instantField } from './fields.ts';
import type { ApiEnv } from './env.ts';
import { faultyRequest, ProblemError } from './problem.ts';
import { faultCode } from './validation.ts';

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 50;
const CURSOR_CHARACTERS_MAX = 512;

/** How many items a page has at most: a whole number from 1 to `max`. */
export function limitField(code: FieldCode, max: number, byDefault: number) {
  return z
    .string({ error: faultCode(code) })
    .regex(/^[1-9]\d*$/, code)
    .transform(Number)
    .refine((limit) => limit <= max, code)
    .default(byDefault)
    .openapi({ type: 'integer', minimum: 1, maximum: max, default: byDefault });
}

export const pageParameters = {
  limit: limitField('limit_invalid', LIMIT_MAX, LIMIT_DEFAULT),
  cursor: z
    .string({ error: faultCode('cursor_invalid') })
    .max(CURSOR_CHARACTERS_MAX, 'cursor_invalid')
    .optional()
    .openapi({ description: 'The `next_cursor` of the page before, of the same list with the same filters.' }),
};

export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .openapi({ description: 'The `cursor` of the next page; null on the last page.' }),
  });
}

/**
 * Returns a page of the rows read. Another page follows if there is one row more than `limit`, or if reading was given up, at
 * `stoppedAt`.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  {
    list,
    limit,
    cursorOf,
    render,
    stoppedAt,
  }: {
    readonly list: ListPath;
    readonly limit: number;
    readonly cursorOf: (row: Row) => unknown;
    readonly render: (row: Row) => Item;
    readonly stoppedAt?: unknown;
  },
): { data: Item[]; next_cursor: string | null } {
  const given = rows.slice(0, limit);
  const last = given.at(-1);
  const next = rows.length > limit && last !== undefined ? cursorOf(last) : stoppedAt;
  return { data: given.map(render), next_cursor: next === undefined ? null : encodeCursor(list, next) };
}

/** The position in lists that are ordered by creation and then by id. */
export const creationCursor = z.tuple([instantField, z.guid()]);

export function creationPosition(createdAt: Date, id: string): [string, string] {
  return [createdAt.toISOString(), id];
}

/** Where the list of this request, which is ordered by creation and then by id, goes on. */
export function placeAfter(c: Context<ApiEnv>, cursor: string | undefined): Place | undefined {
  const position = decodeCursor(listOf(c), creationCursor, cursor);
  return position && { createdAt: position[0], id: position[1] };
}

/** A page of such a list, as pageOf makes it. */
export function creationPage<Row, Item>(
  c: Context<ApiEnv>,
  { rows, stoppedAt }: { readonly rows: readonly Row[]; readonly stoppedAt?: Place | undefined },
  { limit, placeOf, render }: { limit: number; placeOf: (row: Row) => Place; render: (row: Row) => Item },
): ReturnType<typeof pageOf<Row, Item>> {
  const positionOf = ({ createdAt, id }: Place) => creationPosition(createdAt, id);
  return pageOf(rows, {
    ...{ list: listOf(c), limit, render, cursorOf: (row: Row) => positionOf(placeOf(row)) },
    stoppedAt: stoppedAt && positionOf(stoppedAt),
  });
}

/** The path of a list, in lower case: the entries of two wallets are two lists, and a list with another filter is the same list. */
export type ListPath = string & { readonly [listPath]: true };
declare const listPath: unique symbol;

export function listOf({ req }: Context<ApiEnv>): ListPath {
  return req.path.toLowerCase() as ListPath;
}

/** Returns the position that a cursor of this list holds; throws `cursor_of_another_list` or `cursor_invalid` for any other. */
export function decodeCursor<Position>(
  list: ListPath,
  schema: z.ZodType<Position>,
  cursor: string | undefined,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const parsed = parse(cursor);
  const named = z.strictObject({ list: z.string(), at: z.unknown() }).safeParse(parsed);
  if (named.success && named.data.list !== list)
    throw new ProblemError('cursor_of_another_list', { detail: 'Ask for the first page without a cursor.' });
  // A cursor without a list's name was made by the previous version.
  const result = schema.safeParse(named.success ? named.data.at : parsed);
  if (result.success) return result.data;
  throw faultyRequest([{ parameter: 'cursor', code: 'cursor_invalid', detail: FIELD_FAULTS.cursor_invalid }]);
}

function encodeCursor(list: ListPath, at: unknown): string {
  return Buffer.from(JSON.stringify({ list, at }), 'utf8').toString('base64url');
}

function parse(cursor: string): unknown {
  if (!/^[\w-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
