/** The projection flows: how much money came to where it was going in each quarter of an hour, by currency. */
import type { Database } from '../../db/database.ts';
import { addFlows, expireFlows, FLOW_TYPES } from '../../db/events/flow-queries.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { startProjection, type ProjectionRules, type RunningProjection } from './projection.ts';

const RULES: ProjectionRules = { name: 'flows', types: FLOW_TYPES, add: addFlows, expire: expireFlows };

export function startFlows(database: Database, logger: Logger, metrics?: Metrics): RunningProjection {
  return startProjection(RULES, database, logger, metrics);
}
