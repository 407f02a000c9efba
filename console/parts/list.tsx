/** A page that is a list: filters, one page of rows, and the way to older ones, all in the address. Only what is shown is asked for. */
import type { ComponentChildren } from 'preact';
import type { Client } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { listQuery, query, withQuery } from '../router.ts';
import { Filters, type Filter } from './filters.tsx';
import { Problem } from './problem.tsx';
import { Table, type Column } from './table.tsx';

const LIMIT = 50;
const REFRESH_MS = 5_000;

interface PageOf<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

/** The parameters of the address, which the API judges, and how many. */
export type AskedFor = {
  readonly limit: number;
  readonly cursor?: string;
  readonly [filter: string]: string | number | undefined;
};

export interface ListProps<Row, Page extends PageOf<Row>> {
  readonly title: string;
  readonly filters?: readonly Filter[];
  readonly ask: (client: Client, query: AskedFor, signal: AbortSignal) => Promise<Page>;
  readonly columns: readonly Column<Row>[];
  readonly idOf: (row: Row) => string;
  readonly detailOf?: (row: Row) => ComponentChildren;
  /** What to say where there is nothing. */
  readonly empty: ComponentChildren | ((page: Page) => ComponentChildren);
  /** Beside the title, such as a link to make one. */
  readonly beside?: ComponentChildren;
  readonly above?: (page: Page) => ComponentChildren;
}

export function List<Row, Page extends PageOf<Row>>(props: ListProps<Row, Page>) {
  const { title, filters = [], ask, columns, idOf, detailOf, empty, beside, above } = props;
  const parameters = Object.fromEntries(new URLSearchParams(listQuery.value));
  const isNewest = parameters['cursor'] === undefined;
  const answer = useAnswer(
    `${title}?${listQuery.value}`,
    (client, signal) => ask(client, { ...parameters, limit: LIMIT }, signal),
    isNewest ? { refreshMs: REFRESH_MS } : {},
  );
  const { data: page, error, isLoading, reload } = answer;
  const isFiltered = filters.some(({ name }) => query.value.has(name));
  return (
    <>
      <header class="title">
        <h1>{title}</h1>
        {beside}
      </header>
      <Filters of={filters} />
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {page === undefined ? (
        isLoading && <p class="loading">Loading …</p>
      ) : (
        <>
          {above?.(page)}
          {page.data.length === 0 ? (
            <div class="empty">
              {isFiltered || !isNewest
                ? 'Nothing fits these filters.'
                : typeof empty === 'function'
                  ? empty(page)
                  : empty}
            </div>
          ) : (
            <Table caption={title} columns={columns} rows={page.data} idOf={idOf} detailOf={detailOf} keepsPlace />
          )}
          <nav class="pages" aria-label="Pages">
            {isNewest ? null : <a href={withQuery({ cursor: undefined, at: undefined })}>Newest</a>}
            {page.next_cursor === null ? null : (
              <a href={withQuery({ cursor: page.next_cursor, at: undefined })} rel="next">
                Older →
              </a>
            )}
          </nav>
        </>
      )}
    </>
  );
}
