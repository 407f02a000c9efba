/** A place in a list that is ordered by creation and then by id. */
export interface Place {
  readonly createdAt: Date;
  readonly id: string;
}
