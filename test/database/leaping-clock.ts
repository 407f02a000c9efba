// A wallet shard whose clock can leap: the operations find another clock_timestamp() than PostgreSQL's own, which shows the time
// with an offset. What tables fill in by themselves keeps the true time.

import type { Database } from '../../db/database.ts';
import { rowsOf } from './database.ts';

export interface LeapingClock {
  /** From now on the clock is so much ahead; a negative interval is behind. */
  readonly leap: (ahead: string) => Promise<void>;
}

export async function makeClockLeap(admin: Database): Promise<LeapingClock> {
  await rowsOf(
    admin,
    `CREATE SCHEMA leap;
     CREATE TABLE leap.ahead (ahead interval NOT NULL);
     INSERT INTO leap.ahead VALUES ('0');
     CREATE FUNCTION leap.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
       AS $$ SELECT pg_catalog.clock_timestamp() + (SELECT ahead FROM leap.ahead) $$;
     GRANT USAGE ON SCHEMA leap TO PUBLIC;
     GRANT SELECT ON leap.ahead TO PUBLIC;
     DO $$
     DECLARE
       operation regprocedure;
     BEGIN
       FOR operation IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef LOOP
         EXECUTE format('ALTER FUNCTION %s SET search_path = leap, pg_catalog, public, pg_temp', operation);
       END LOOP;
     END $$`,
  );
  return {
    async leap(ahead) {
      await rowsOf(admin, `UPDATE leap.ahead SET ahead = '${ahead}'`);
    },
  };
}
