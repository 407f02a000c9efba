/**
 * The error that a movement has no row: the row was lost when the database was restored to an earlier state. No repeat finds it, so
 * the movement's workflow ends Failed once its money is settled by the fences, and a further run can follow if the row comes back.
 */
export class MovementMissing extends Error {
  override readonly name = 'MovementMissing';

  constructor(what: string) {
    super(`there is no ${what}`);
  }
}
