/** The answers of a participant's fences, by which alone a saga knows what has happened. */

/** What was decided about a step, for ever. `undone`: its undo came first, or has come since. */
export type Outcome<Detail> = Done<Detail> | Refused | { readonly outcome: 'undone' };

export interface Done<Detail> {
  readonly outcome: 'done';
  readonly detail: Detail;
}
export interface Refused {
  readonly outcome: 'refused';
  readonly reason: string;
}

/** What an undo has made sure of: the step is reversed, or it had not happened. In both cases it never will. */
export type Verdict = 'undone' | 'never_happened';
/** `happened`: it stays done, and its saga has to go forward. */
export type PivotVerdict = Verdict | 'happened';
