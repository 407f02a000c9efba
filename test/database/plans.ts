// The plans of statements, as EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) tells them.

import { sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Database } from '../../db/database.ts';

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

export function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** Notes the plan of whatever is executed, as it turned out. */
export function explaining(database: Database, plans: PlanNode[]): Database {
  return new Proxy(database, {
    get(target, name) {
      if (name !== 'execute') return Reflect.get(target, name) as unknown;
      return async (statement: SQL) => {
        const { rows } = await target.execute<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
          sql`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
        );
        plans.push(rows[0]!['QUERY PLAN'][0]!.Plan);
        return target.execute(statement);
      };
    },
  });
}

/** As `explaining`, also of what drizzle-orm selects by itself. It is for what only reads. */
export function explainingReads({ $client: pool }: Database, plans: PlanNode[]): Database {
  const query = async (asked: pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult> => {
    const { rows } = await pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${asked.text}`,
      asked.values ?? values,
    );
    plans.push(rows[0]!['QUERY PLAN'][0]!.Plan);
    return pool.query(asked, values);
  };
  return drizzle({
    client: new Proxy(pool, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) }),
  });
}
