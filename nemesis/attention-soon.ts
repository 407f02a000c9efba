/**
 * An edit of a build: a failing compensation needs attention after three seconds instead of three minutes, so that operators
 * step in during a run, while its faults last.
 */
import type { Edit } from './build.ts';

export const ATTENTION_SOON: readonly Edit[] = [
  {
    file: 'workflows/steps.ts',
    find: `scheduleToCloseTimeout: '3 minutes'`,
    replace: `scheduleToCloseTimeout: '3 seconds'`,
  },
];
