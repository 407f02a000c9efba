/** Any value of an answer in one line. */
export function inBrief(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
