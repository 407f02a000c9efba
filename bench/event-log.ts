/** The event log of a measured stack: how far behind it is, and a way to make the relay rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const LOOK_MS = 5;
const CATCH_UP_LIMIT_MS = 120_000;
/** The log counts as caught up once it has not grown for so long. */
const QUIET_MS = 1_000;
const LEASE_LIMIT_MS = 30_000;

export interface EventLog {
  /** Makes the relay rest while `work` runs. */
  readonly withoutRelay: (work: () => Promise<void>) => Promise<void>;
  /** Waits until the log grows no more, and returns how long it still grew, in ms. */
  readonly caughtUp: () => Promise<number>;
  /** Notes how late each event of a transfer's end is in the log, from its time to the time at which it is seen. */
  readonly watchLags: () => { readonly stop: () => Promise<number[]> };
  readonly close: () => Promise<void>;
}

/** `url` is an administrator's. */
export async function eventLog(url: string): Promise<EventLog> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const head = async (): Promise<number> => {
    const { rows } = await pool.query<{ position: string }>('SELECT position FROM log_head');
    return Number(rows[0]!.position);
  };
  return {
    async withoutRelay(work) {
      const { rowCount } = await pool.query(
        `UPDATE leases SET holder = 'bench', token = token + 1, expires_at = clock_timestamp() + interval '20 hours' WHERE name = 'relay'`,
      );
      if (rowCount !== 1) throw new Error('no relay has ever run here');
      try {
        await work();
      } finally {
        await pool.query(
          `UPDATE leases SET expires_at = clock_timestamp() - interval '1 s' WHERE name = 'relay' AND holder = 'bench'`,
        );
      }
      const endsAt = performance.now() + LEASE_LIMIT_MS;
      const isBack = async (): Promise<boolean> =>
        (await pool.query(`SELECT FROM leases WHERE name = 'relay' AND holder <> 'bench'`)).rowCount === 1;
      while (!(await isBack())) {
        if (performance.now() > endsAt) throw new Error('no relay takes the lease again');
        await sleep(50);
      }
    },
    async caughtUp() {
      const startedAt = performance.now();
      let [seen, grewAt] = [await head(), startedAt];
      while (performance.now() - grewAt < QUIET_MS) {
        if (performance.now() - startedAt > CATCH_UP_LIMIT_MS) throw new Error('the log does not catch up');
        await sleep(LOOK_MS);
        const now = await head();
        if (now !== seen) [seen, grewAt] = [now, performance.now()];
      }
      return grewAt - startedAt;
    },
    watchLags() {
      let isOver = false;
      const lagsMs: number[] = [];
      const watching = (async () => {
        let seen = await head();
        while (!isOver) {
          await sleep(LOOK_MS);
          const now = await head();
          const seenAt = Date.now();
          if (now === seen) continue;
          const { rows } = await pool.query<{ time: Date }>(
            `SELECT time FROM event_log WHERE position > $1 AND position <= $2 AND type = 'transfer.completed'`,
            [seen, now],
          );
          lagsMs.push(...rows.map(({ time }) => seenAt - time.getTime()));
          seen = now;
        }
      })();
      return {
        async stop() {
          isOver = true;
          await watching;
          return lagsMs;
        },
      };
    },
    close: () => pool.end(),
  };
}
