/**
 * A call by the name of its operation, typed by the OpenAPI document: its input, its answer and, if it answers in pages, an
 * iteration over all items.
 */
import { createTransport, type CallOptions, type ClientOptions, type Surroundings } from './transport.ts';
import { ROUTES, type Operations } from './wire.ts';

/** The stream of events is no call, for its answer has no end: see event-stream.ts. */
export type OperationName = Exclude<keyof Operations, 'streamEvents'>;

/** The path, query and body of an operation, as far as it has them. */
export type InputOf<Name extends OperationName> = Omit<Operations[Name], 'answer'>;
export type AnswerOf<Name extends OperationName> = Operations[Name]['answer'];
export type BodyOf<Name extends OperationName> = Operations[Name]['body'];
export type QueryOf<Name extends OperationName> = NonNullable<Operations[Name]['query']>;

/** The operations that answer with a page of items. */
export type ListName = {
  [Name in OperationName]: AnswerOf<Name> extends { next_cursor: string | null } ? Name : never;
}[OperationName];
export type ItemOf<Name extends ListName> = AnswerOf<Name> extends { data: Array<infer Item> } ? Item : never;

export function createCall(options: ClientOptions, surroundings?: Surroundings) {
  const send = createTransport(options, surroundings);

  /** Sends an operation by its name, with all of its input; throws a CounterpoiseError. */
  const call = async <Name extends OperationName>(
    operation: Name,
    input: InputOf<Name>,
    callOptions: CallOptions = {},
  ): Promise<AnswerOf<Name>> => (await send(ROUTES[operation], input, callOptions)) as AnswerOf<Name>;

  /** Yields every item of a list, and fetches each page when it is needed. `query.limit` is the size of a page. */
  async function* each<Name extends ListName>(
    operation: Name,
    input: InputOf<Name>,
    callOptions: CallOptions = {},
  ): AsyncGenerator<ItemOf<Name>, void, undefined> {
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? input.query : { ...input.query, cursor };
      const page = (await send(ROUTES[operation], { ...input, query }, callOptions)) as {
        data: ItemOf<Name>[];
        next_cursor: string | null;
      };
      yield* page.data;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** A list, a page at a time or all of its items. */
  const listing = <Name extends ListName>(operation: Name) => ({
    /** A page: `{data, next_cursor}`. */
    list: (query: QueryOf<Name> = {}, callOptions?: CallOptions) =>
      call(operation, { query } as InputOf<Name>, callOptions),
    /** Every item, newest first, page after page as they are asked for; `limit` is the size of a page. */
    listAll: (query: QueryOf<Name> = {}, callOptions?: CallOptions): AsyncGenerator<ItemOf<Name>, void, undefined> =>
      each(operation, { query } as InputOf<Name>, callOptions),
  });

  return { call, each, listing };
}

export type Calls = ReturnType<typeof createCall>;
