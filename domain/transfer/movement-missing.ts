/**
 * A movement that has no row: it was lost, when the database was restored from before it. No repeat finds it, so its workflow
 * ends Failed once its money is settled by the fences, and a further run can follow if the row comes back.
 */
export class MovementMissing extends Error {
  override readonly name = 'MovementMissing';

  constructor(what: string) {
    super(`there is no ${what}`);
  }
}
