/**
 * The dashboards of Grafana. `npm run generate:dashboards` writes them into dashboards/; a test fails while those are stale, and runs
 * every query against a real Prometheus. Ids never change, so links to a dashboard stay.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { render, type Dashboard } from './dashboard.ts';
import { HTTP } from './http.ts';
import { SAGAS } from './sagas.ts';
import { THREE_AM } from './three-am.ts';
import { WORKERS } from './workers.ts';

export const DASHBOARDS: readonly Dashboard[] = [THREE_AM, HTTP, SAGAS, WORKERS];

export function fileOf({ uid }: Dashboard): string {
  return fileURLToPath(new URL(`dashboards/${uid}.json`, import.meta.url));
}

if (import.meta.main) await Promise.all(DASHBOARDS.map((each) => writeFile(fileOf(each), render(each))));
