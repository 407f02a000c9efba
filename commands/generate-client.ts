/**
 * `npm run generate:client`: writes client/wire.ts, the types of the client, from the OpenAPI document of the app. A test fails if
 * the file differs from what this writes.
 */
import { writeFileSync } from 'node:fs';
import { renderWire, WIRE_FILE } from './wire-file.ts';

writeFileSync(WIRE_FILE, await renderWire());
