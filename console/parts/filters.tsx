/** The filters of a list. Each is a parameter of the address; a choice holds at once, and text when it is entered. */
import { go, query, withQuery } from '../router.ts';
import { inWords } from '../format/status.ts';

export interface Filter {
  /** The name of the parameter. */
  readonly name: string;
  readonly label: string;
  /** Without choices it is text. */
  readonly choices?: readonly string[];
  readonly placeholder?: string;
}

export function Filters({ of: filters }: { of: readonly Filter[] }) {
  if (filters.length === 0) return null;
  const set = (name: string, value: string): void =>
    go(withQuery({ [name]: value.trim(), cursor: undefined, at: undefined, open: undefined }));
  const isAny = filters.some(({ name }) => query.value.has(name));
  const none = Object.fromEntries(filters.map(({ name }) => [name, undefined]));
  return (
    <form class="filters" role="search" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {filters.map(({ name, label, choices, placeholder }) => (
        <label key={name}>
          <span>{label}</span>
          {choices === undefined ? (
            <input
              name={name}
              value={query.value.get(name) ?? ''}
              placeholder={placeholder}
              autocomplete="off"
              spellcheck={false}
              onChange={(event) => set(name, event.currentTarget.value)}
            />
          ) : (
            <select
              name={name}
              value={query.value.get(name) ?? ''}
              onChange={(event) => set(name, event.currentTarget.value)}
            >
              <option value="">any</option>
              {choices.map((choice) => (
                <option key={choice} value={choice}>
                  {inWords(choice)}
                </option>
              ))}
            </select>
          )}
        </label>
      ))}
      {isAny ? <a href={withQuery({ ...none, cursor: undefined, at: undefined, open: undefined })}>Clear</a> : null}
    </form>
  );
}
