/** What has changed between two looks at the same thing, field by field. */
export type Seen = Readonly<Record<string, string>>;

export interface Change {
  readonly field: string;
  /** Undefined where the field was not there. */
  readonly before: string | undefined;
  readonly now: string | undefined;
}

export function difference(before: Seen, now: Seen): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((field) => before[field] !== now[field])
    .map((field) => ({ field, before: before[field], now: now[field] }));
}
