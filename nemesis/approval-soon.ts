/** An edit of a build: what waits for approvals may expire within seconds, so that votes come too late in a run. */
import type { Edit } from './build.ts';

export const APPROVAL_SOON: readonly Edit[] = [
  { file: 'domain/transfer/approval.ts', find: 'EXPIRES_SECONDS_MIN = 60;', replace: 'EXPIRES_SECONDS_MIN = 2;' },
];
