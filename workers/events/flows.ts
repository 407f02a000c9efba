/** The projection flows: how much money came to where it was going in each quarter of an hour, by currency. */
import { addFlows, expireFlows, FLOW_TYPES } from '../../db/events/flow-queries.ts';
import { startProjection, type ProjectionDeps, type ProjectionRules, type RunningProjection } from './projection.ts';

const RULES: ProjectionRules = { name: 'flows', types: FLOW_TYPES, add: addFlows, expire: expireFlows };

export function startFlows(deps: ProjectionDeps): RunningProjection {
  return startProjection(RULES, deps);
}
