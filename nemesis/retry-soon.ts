/** Edits of a build: a webhook that failed is tried again within seconds for as long as a run lasts, and a silent receiver is given up soon. */
import type { Edit } from './build.ts';

export const RETRY_SOON: readonly Edit[] = [
  {
    file: 'domain/events/retry-schedule.ts',
    find: 'const scheduledMs = PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1]!',
    replace: 'const scheduledMs = Math.min(3 * SECOND_MS, attempts * SECOND_MS, PAUSES_MS.at(-1)!)',
  },
  {
    file: 'domain/events/retry-schedule.ts',
    find: 'Math.min(5 * MINUTE_MS, 5 * SECOND_MS * 2 ** (failures - 1))',
    replace: 'Math.min(2 * SECOND_MS, failures * SECOND_MS)',
  },
  { file: 'webhooks/sender.ts', find: 'const TIMEOUT_MS = 15_000;', replace: 'const TIMEOUT_MS = 3_000;' },
];
