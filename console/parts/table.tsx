/**
 * A table whose rows are reached by j and k, opened by Enter and copied by y. The row that has the focus is part of the page's address,
 * so that Back finds it again. It scrolls by itself where the window is too narrow for it.
 */
import { Fragment, type ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { go, query, withQuery } from '../router.ts';

export interface Column<Row> {
  readonly name: string;
  readonly of: (row: Row) => ComponentChildren;
  /** Numbers stand to the right, below each other. */
  readonly isNumber?: boolean;
}

interface TableProps<Row> {
  /** What the rows are, for who cannot see them. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** What stands beneath a row, where it is open. */
  readonly detailOf?: ((row: Row) => ComponentChildren) | undefined;
  /** Whether the row that has the focus is part of the address: for the one list of a page. */
  readonly keepsPlace?: boolean;
}

export function Table<Row>({ caption, columns, rows, idOf, detailOf, keepsPlace = false }: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const isThere = rows.length > 0;
  useEffect(() => {
    const id = query.peek().get('at');
    if (!keepsPlace || id === null || document.activeElement !== document.body) return;
    const row = [...(body.current?.rows ?? [])].find((each) => each.dataset['id'] === id);
    row?.querySelector<HTMLElement>('a, button')?.focus();
  }, [isThere]);

  const notePlace = (event: FocusEvent): void => {
    const id = (event.target as Element).closest('tr')?.dataset['id'];
    if (keepsPlace && id !== undefined) go(withQuery({ at: id }), { replaces: true });
  };

  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, isNumber }) =>
              // A heading that says nothing is none.
              name === '' ? (
                <td key={name} />
              ) : (
                <th key={name} scope="col" class={isNumber === true ? 'number' : undefined}>
                  {name}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody ref={body} onFocusIn={notePlace}>
          {rows.map((row) => (
            <Fragment key={idOf(row)}>
              <tr data-id={idOf(row)} data-row>
                {columns.map(({ name, of, isNumber }) => (
                  <td key={name} class={isNumber === true ? 'number' : undefined}>
                    {of(row)}
                  </td>
                ))}
              </tr>
              <Detail of={detailOf?.(row)} span={columns.length} />
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Detail({ of: detail, span }: { of: ComponentChildren; span: number }) {
  if (detail === undefined) return null;
  return (
    <tr class="detail">
      <td colSpan={span}>{detail}</td>
    </tr>
  );
}
