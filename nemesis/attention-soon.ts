/**
 * An edit of a build: what keeps failing needs attention after three seconds instead of three minutes, so that what operators
 * do about it happens within a run, and within its faults.
 */
import type { Edit } from './build.ts';

export const ATTENTION_SOON: readonly Edit[] = [
  {
    file: 'workflows/steps.ts',
    find: `scheduleToCloseTimeout: '3 minutes'`,
    replace: `scheduleToCloseTimeout: '3 seconds'`,
  },
];
