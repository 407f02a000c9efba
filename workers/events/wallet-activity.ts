/** The projection wallet_activity: how much of what happened to each wallet on each day. */
import type { Database } from '../../db/database.ts';
import { addActivity } from '../../db/events/activity-queries.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { startProjection, type ProjectionRules, type RunningProjection } from './projection.ts';

const RULES: ProjectionRules = {
  name: 'wallet_activity',
  /** A change of this list needs a rebuild. */
  types: [
    'wallet.debited',
    'wallet.debit-failed',
    'wallet.credited',
    'wallet.credit-failed',
    'wallet.refunded',
    'wallet.advanced',
  ],
  add: addActivity,
};

export function startWalletActivity(database: Database, logger: Logger, metrics?: Metrics): RunningProjection {
  return startProjection(RULES, database, logger, metrics);
}
