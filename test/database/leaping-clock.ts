// A wallet shard whose clock can leap: its operations find a clock_timestamp() that adds an offset, instead of PostgreSQL's own.
// Defaults of tables keep the true time.

import type { Database } from '../../db/database.ts';
import { rowsOf } from './database.ts';

export interface LeapingClock {
  /** Sets the clock ahead by this interval, or behind if it is negative. */
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
