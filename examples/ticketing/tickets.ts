/** The seats and tickets of this service, as a participant of sagas. What it does is in the transaction of its fence. */
import type { PoolClient, Pool } from 'pg';
// In a package of your own: 'counterpoise-saga/participant'.
import { done, doStep, refused, undoPivot, undoStep } from '../../saga/participant.ts';
import type { Sale } from './sale.ts';

export interface Seat {
  readonly seat: number;
}
export interface Ticket {
  readonly ticket: string;
}

export const TABLES = `
  CREATE TABLE IF NOT EXISTS shows (show_id text PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS seats (
    show_id text NOT NULL REFERENCES shows,
    seat integer NOT NULL,
    sale_id text UNIQUE,
    PRIMARY KEY (show_id, seat)
  );
  CREATE TABLE IF NOT EXISTS tickets (
    ticket text PRIMARY KEY,
    sale_id text NOT NULL UNIQUE,
    show_id text NOT NULL,
    seat integer NOT NULL,
    UNIQUE (show_id, seat)
  );`;

/** A ticket is not issued if its payment's hold may end before it is captured, however long that is insisted on. */
const HOLD_LEFT = '10 minutes';

export type TicketActivities = ReturnType<typeof createTicketActivities>;

export function createTicketActivities(pool: Pool) {
  return {
    reserveSeat: ({ saleId: sagaId, showId }: Sale) =>
      doStep(pool, { sagaId, step: 'reserve', terms: { showId } }, async (connection: PoolClient) => {
        // One at a time: of two that want the last seat, the second one waits for what becomes of the first.
        await connection.query('SELECT FROM shows WHERE show_id = $1 FOR UPDATE', [showId]);
        const { rows } = await connection.query<Seat>(
          `UPDATE seats SET sale_id = $2
           WHERE show_id = $1 AND seat = (SELECT min(seat) FROM seats WHERE show_id = $1 AND sale_id IS NULL)
           RETURNING seat`,
          [showId, sagaId],
        );
        return rows[0] === undefined ? refused('sold_out') : done(rows[0]);
      }),

    releaseSeat: ({ saleId: sagaId }: Sale) =>
      undoStep(pool, { sagaId, step: 'reserve' }, async (connection: PoolClient) => {
        await connection.query('UPDATE seats SET sale_id = NULL WHERE sale_id = $1', [sagaId]);
      }),

    issueTicket: ({ saleId: sagaId, showId }: Sale, { seat }: Seat, holdExpiresAt: string) =>
      doStep(
        pool,
        { sagaId, step: 'issue', terms: { showId, seat, holdExpiresAt } },
        async (connection: PoolClient) => {
          const { rows } = await connection.query<Ticket>(
            `INSERT INTO tickets SELECT $1 || '/' || $3, $2, $1, $3::integer
           WHERE $4::timestamptz > clock_timestamp() + $5::interval
           RETURNING ticket`,
            [showId, sagaId, seat, holdExpiresAt, HOLD_LEFT],
          );
          return rows[0] === undefined ? refused('hold_expiring') : done(rows[0]);
        },
      ),

    forbidTicket: ({ saleId: sagaId }: Sale) => undoPivot(pool, { sagaId, step: 'issue' }),
  };
}
