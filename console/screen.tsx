/** The page of the present path, whose file is loaded when it is first shown. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { pageTitle } from './format/page-title.ts';
import { focusPart } from './parts/focus.ts';
import { matched, path, query, type Parameters } from './router.ts';
import { ROUTES, type PageComponent, type Route } from './routes.tsx';
import { Problem } from './parts/problem.tsx';

const loaded = new Map<Route, PageComponent>();

export function Screen() {
  const found = findRoute(path.value);
  const route = found?.route;
  const [, setLoaded] = useState<Route | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);

  useEffect(() => {
    if (route === undefined || loaded.has(route)) return;
    route.load().then((Page) => {
      loaded.set(route, Page);
      setLoaded(route);
    }, setError);
  }, [route]);

  useArrival(route !== undefined && loaded.has(route));

  if (found === undefined) return <p class="empty">There is no such page. Press ? for the ways to others.</p>;
  // A newer version has other files: the page as a whole has to come anew.
  if (error !== undefined) return <Problem of={error} reload={() => location.reload()} />;
  const Page = loaded.get(found.route);
  return Page === undefined ? (
    <p class="loading">Loading …</p>
  ) : (
    <Page key={path.value} parameters={found.parameters} />
  );
}

/** Names the page that is shown. Who comes from another finds the focus at its heading, or at the row where it was before. */
function useArrival(isShown: boolean): void {
  const shown = useRef<string | undefined>(undefined);
  const filters = query.value.toString();
  useEffect(() => {
    const heading = document.querySelector<HTMLElement>('main h1');
    const subject = document.querySelector<HTMLElement>('main [data-subject]')?.dataset['subject'];
    document.title = pageTitle({ heading: heading?.textContent, subject, query: query.peek() });
    if (!isShown || shown.current === path.value) return;
    if (shown.current !== undefined && heading !== null && !query.peek().has('at')) focusPart(heading);
    shown.current = path.value;
  }, [path.value, filters, isShown]);
}

function findRoute(of: string): { route: Route; parameters: Parameters } | undefined {
  for (const route of ROUTES) {
    const parameters = matched(route.pattern, of);
    if (parameters !== undefined) return { route, parameters };
  }
  return undefined;
}
