/**
 * The place that the page shows, which is all in its URL: path, filters, cursor, the row that has the focus and the one that is open. Links are ordinary
 * links; a click on one of the console's own changes the place without loading the page anew.
 */
import { computed, signal } from '@preact/signals';

/** What a path has in the places that its pattern names. */
export type Parameters = Readonly<Record<string, string>>;

/** The console's paths begin with it. */
const BASE = '/console';

const url = signal(new URL(location.href));

/** Below BASE: `/transfers/…`. */
export const path = computed(() => url.value.pathname.slice(BASE.length).replace(/\/$/, '') || '/');
export const query = computed(() => url.value.searchParams);
/** What a list depends on: everything but the row that has the focus, and the one that is open. */
export const listQuery = computed(() => {
  const rest = new URLSearchParams(url.value.searchParams);
  rest.delete('at');
  rest.delete('open');
  return rest.toString();
});

/** Makes Back lead to the present place, unless it is replaced. */
export function go(href: string, { replaces = false } = {}): void {
  const next = new URL(href, location.href);
  if (next.href === location.href) return;
  history[replaces ? 'replaceState' : 'pushState'](null, '', next);
  url.value = next;
  if (!replaces) scrollTo(0, 0);
}

/** The present place with other parameters; undefined and '' take one away. */
export function withQuery(changes: Readonly<Record<string, string | undefined>>): string {
  const next = new URL(url.value);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined || value === '') next.searchParams.delete(name);
    else next.searchParams.set(name, value);
  return next.pathname + next.search;
}

export function at(below: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(parameters).filter((each): each is [string, string] => each[1] !== undefined);
  const search = new URLSearchParams(given).toString();
  return BASE + below + (search === '' ? '' : `?${search}`);
}

/** The parameters of a pattern such as `/transfers/:id`; undefined if the path is another. */
export function matched(pattern: string, of: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), of.split('/')];
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = decoded(given[index]!);
    if (value === undefined) return undefined;
    if (part.startsWith(':')) parameters[part.slice(1)] = value;
    else if (part !== given[index]) return undefined;
  }
  return parameters;
}

/** Undefined for what no address of the console has, such as `%E0%A4%A`. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function followHistory(): void {
  addEventListener('popstate', () => {
    url.value = new URL(location.href);
  });
  document.addEventListener('click', (event) => {
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    const link = (event.target as Element).closest<HTMLAnchorElement>(`a[href^="${BASE}"]`);
    if (!isPlain || link === null || link.target !== '' || link.hasAttribute('download')) return;
    event.preventDefault();
    go(link.href);
  });
}
