/** The text of client/wire.ts: the app's OpenAPI document as types. */
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { createApp, type AppDeps } from '../api/app.ts';
import { loadBounds } from '../api/http/base-app.ts';
import { openApiDocument } from '../api/http/openapi.ts';
import { renderTypes, type OpenApiDocument } from './document-types.ts';

export const WIRE_FILE = fileURLToPath(new URL('../client/wire.ts', import.meta.url));

export async function renderWire(): Promise<string> {
  // To render its document, the app uses nothing of what it would answer requests from.
  const app = createApp({
    hosts: [],
    authentication: 'off',
    bounds: loadBounds(1),
    wallets: { shards: [] },
    acceptance: {},
  } as unknown as AppDeps);
  const document = openApiDocument(app) as unknown as OpenApiDocument;
  return prettier.format(renderTypes(document), { ...(await prettier.resolveConfig(WIRE_FILE)), filepath: WIRE_FILE });
}
