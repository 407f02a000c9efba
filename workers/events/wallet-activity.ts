/** The projection wallet_activity: how much of what happened to each wallet on each day. */
import { addActivity } from '../../db/events/activity-queries.ts';
import { startProjection, type ProjectionDeps, type ProjectionRules, type RunningProjection } from './projection.ts';

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

export function startWalletActivity(deps: ProjectionDeps): RunningProjection {
  return startProjection(RULES, deps);
}
