/** The page of the present path. The page before stays until the next one's file is there. */
import { useEffect, useState } from 'preact/hooks';
import { matched, path } from './router.ts';
import { ROUTES, type PageComponent, type Parameters, type Route } from './routes.tsx';
import { Problem } from './parts/problem.tsx';

interface Shown {
  readonly route: Route;
  readonly Page: PageComponent;
}

const loaded = new Map<Route, PageComponent>();

export function Screen() {
  const found = findRoute(path.value);
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const route = found?.route;

  useEffect(() => {
    if (route === undefined || loaded.has(route)) return;
    let isLeft = false;
    route.load().then(
      (Page) => {
        loaded.set(route, Page);
        if (!isLeft) setShown({ route, Page });
      },
      (cause: unknown) => {
        if (!isLeft) setError(cause);
      },
    );
    return () => {
      isLeft = true;
    };
  }, [route]);

  if (found === undefined) return <p class="empty">There is no such page. Press ? for the ways to others.</p>;
  // A newer version has other files: the page as a whole has to come anew.
  if (error !== undefined) return <Problem of={error} reload={() => location.reload()} />;
  const Page = loaded.get(found.route);
  if (Page !== undefined) return <Page key={path.value} parameters={found.parameters} />;
  return shown === undefined ? <p class="loading">Loading …</p> : null;
}

function findRoute(of: string): { route: Route; parameters: Parameters } | undefined {
  for (const route of ROUTES) {
    const parameters = matched(route.pattern, of);
    if (parameters !== undefined) return { route, parameters };
  }
  return undefined;
}
