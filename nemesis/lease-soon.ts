/** An edit of a build: an events worker that was killed or frozen loses its lease soon, so that another one takes over in a run. */
import type { Edit } from './build.ts';

export const LEASE_SOON: readonly Edit[] = [
  { file: 'workers/events/while-leased.ts', find: 'LEASE_MS = 10_000;', replace: 'LEASE_MS = 3_000;' },
  { file: 'workers/events/while-leased.ts', find: 'RENEW_MS = 3_000;', replace: 'RENEW_MS = 1_000;' },
];
