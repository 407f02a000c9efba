/**
 * The console's page and files. They are the same for everybody and say nothing about money: what the page shows it asks of the API, with
 * the key of the person who has signed in. Nothing comes from elsewhere, which a content security policy enforces. None of these paths is
 * in the OpenAPI document, which describes what programs call.
 */
import { Hono, type Context } from 'hono';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError } from '../http/problem.ts';
import { openToAll } from '../http/scopes.ts';
import { bundleConsole, type ConsoleBundle } from './bundle.ts';

const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** A balance: what is put on one side is on the other. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f4fd1"/><path d="M16 7v18M10 25h12M7 11h18M7 11l-3 8h6zM25 11l-3 8h6z" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/></svg>
`;

interface PageDeps {
  readonly asksForKeys: boolean;
  /** To which the workflow's id is appended; undefined where nobody has said where the Temporal Web UI is. */
  readonly temporalUi?: string | undefined;
}

/** `bundle` makes the files; it is called once, and again only if it has failed. */
export function consolePages({ asksForKeys, temporalUi }: PageDeps, bundle = bundleConsole) {
  let made: Promise<ConsoleBundle> | undefined;
  const bundled = (): Promise<ConsoleBundle> => {
    made ??= bundle().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };

  // So that the page does not ask for a key where none is needed, and knows where histories are. No URL has a quotation mark.
  const attributes =
    (asksForKeys ? '' : 'data-auth="off" ') + (temporalUi === undefined ? '' : `data-temporal-ui="${temporalUi}" `);

  const showPage = async (c: Context<ApiEnv>): Promise<Response> => {
    const { page } = await bundled();
    return c.html(
      page.replace('<html ', () => `<html ${attributes}`),
      200,
      {
        'Content-Security-Policy': SECURITY_POLICY,
        'Cache-Control': 'no-cache',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cross-Origin-Opener-Policy': 'same-origin',
      },
    );
  };

  return new Hono<ApiEnv>()
    .get('/console/assets/icon.svg', openToAll, (c) => c.body(ICON, 200, headersOf('image/svg+xml', 86_400)))
    .get('/console/assets/:name', openToAll, async (c) => {
      const file = (await bundled()).files.get(c.req.param('name'));
      if (file === undefined) throw new ProblemError('route_not_found');
      const takesGzip = /(^|[\s,])gzip([\s,;]|$)/.test(c.req.header('accept-encoding') ?? '');
      return c.body(takesGzip ? file.gzipped : file.plain, 200, {
        ...headersOf(file.type, 31_536_000),
        Vary: 'Accept-Encoding',
        ...(takesGzip ? { 'Content-Encoding': 'gzip' } : {}),
      });
    })
    .get('/console', openToAll, showPage)
    .get('/console/*', openToAll, showPage);
}

/** A name stands for its content for ever: another content has another name. */
function headersOf(type: string, maxAgeSeconds: number): Record<string, string> {
  return {
    'Content-Type': type,
    'Cache-Control': `public, max-age=${maxAgeSeconds}, immutable`,
    'X-Content-Type-Options': 'nosniff',
  };
}
