/**
 * A clock of one database that differs from PostgreSQL's. The service's statements, the wallet's functions and the defaults of
 * tables find clock_timestamp() and now() in an extra schema, which is searched before PostgreSQL's own. An administrator keeps
 * the true time.
 */
import type { Place, Stack } from './stack.ts';

export interface LeapingClock {
  /** Sets the clock this many hours ahead, or behind if negative. */
  readonly leap: (hours: number) => Promise<void>;
  /** Restores the database, except that the schema stays; nothing searches it any more. */
  readonly heal: () => Promise<void>;
}

/** The limit of a lock wait, because statements of others queue behind it; then it is tried again. */
const LOCK_WAIT_MS = 500;
const CLOCKS = String.raw`(leap\.)?(now|clock_timestamp)\(\)`;
const PATH = 'leap, pg_catalog, public, pg_temp';
const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS leap;
  CREATE TABLE IF NOT EXISTS leap.ahead (ahead interval NOT NULL);
  INSERT INTO leap.ahead SELECT '0' WHERE NOT EXISTS (SELECT FROM leap.ahead);
  CREATE OR REPLACE FUNCTION leap.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.clock_timestamp() + (SELECT ahead FROM leap.ahead) $$;
  CREATE OR REPLACE FUNCTION leap.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.now() + (SELECT ahead FROM leap.ahead) $$;
  GRANT USAGE ON SCHEMA leap TO PUBLIC;
  GRANT SELECT ON leap.ahead TO PUBLIC`;

/** Ends the service's sessions at each change of the search path, because a session keeps the one that it began with. */
export async function makeClockLeap(stack: Pick<Stack, 'rows'>, place: Place): Promise<LeapingClock> {
  await stack.rows(place, SCHEMA);
  await findBy(stack, place, PATH);
  return {
    leap: async (hours) =>
      void (await stack.rows(place, `UPDATE leap.ahead SET ahead = make_interval(hours => ${hours})`)),
    async heal() {
      await stack.rows(place, `UPDATE leap.ahead SET ahead = '0'`);
      await findBy(stack, place, undefined);
    },
  };
}

/** Sets the search path by which the service's statements, the functions that it calls, and defaults of tables find a clock. */
async function findBy(stack: Pick<Stack, 'rows'>, place: Place, path: string | undefined): Promise<void> {
  const role = place === 'transfer' ? 'transfer_service' : 'wallet_service';
  const ofRole = path === undefined ? 'RESET search_path' : `SET search_path = ${path}`;
  await stack.rows(
    place,
    `DO $$
     DECLARE
       operation regprocedure;
       filled record;
     BEGIN
       SET LOCAL lock_timeout = '${LOCK_WAIT_MS}ms';
       EXECUTE format('ALTER ROLE ${role} IN DATABASE %I ${ofRole}', current_database());
       FOR operation IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef LOOP
         EXECUTE format('ALTER FUNCTION %s SET search_path = ${path ?? 'public, pg_temp'}', operation);
       END LOOP;
       FOR filled IN
         SELECT adrelid::regclass AS of, attname AS name, pg_get_expr(adbin, adrelid) AS value
         FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum JOIN pg_class ON pg_class.oid = adrelid
         WHERE relnamespace = 'public'::regnamespace AND pg_get_expr(adbin, adrelid) ~ '${CLOCKS}'
       LOOP
         EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', filled.of, filled.name,
           regexp_replace(filled.value, '${CLOCKS}', '${path === undefined ? '' : 'leap.'}\\2()'));
       END LOOP;
     END $$`,
  );
  await stack.rows(
    place,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()',
    [role],
  );
}
