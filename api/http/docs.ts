/**
 * The pages for somebody who opens the API in a browser: links at /, and at /docs the reference, which is Swagger UI from its
 * package. The reference loads nothing from elsewhere, and a content security policy enforces that. Only the files named here are
 * served. None of these paths is in the OpenAPI document, which describes what programs call.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import type { ApiEnv } from './env.ts';
import { openToAll } from './scopes.ts';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Counterpoise API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, docExpansion: 'list', validatorUrl: null });
`;

const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets styles in its markup.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const LINKS = {
  reference: '/docs',
  openapi: '/openapi.json',
  asyncapi: '/asyncapi.json',
  health: '/health',
  readiness: '/health/ready',
};

const PACKAGE_FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

export function docsRoutes() {
  const files = new Map<string, Promise<Buffer<ArrayBuffer>>>();
  const read = (name: string): Promise<Buffer<ArrayBuffer>> => {
    const content = files.get(name) ?? readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));
    files.set(name, content);
    return content;
  };

  const app = new Hono<ApiEnv>()
    .get('/', openToAll, (c) => c.json(LINKS))
    .get('/docs', openToAll, (c) =>
      c.html(PAGE, 200, {
        'Content-Security-Policy': SECURITY_POLICY,
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
      }),
    )
    .get('/docs/', openToAll, (c) => c.redirect('/docs', 308))
    .get('/docs/start.js', openToAll, (c) =>
      c.body(START, 200, { 'Content-Type': 'text/javascript; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }),
    );
  for (const [name, type] of Object.entries(PACKAGE_FILES)) {
    app.get(`/docs/${name}`, openToAll, async (c) =>
      c.body(await read(name), 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=86400',
        'X-Content-Type-Options': 'nosniff',
      }),
    );
  }
  return app;
}
