/**
 * The one kind of error that the embedded stack raises on purpose: its message says what is wrong and
 * what to do, so commands print it alone, without a stack trace, and exit 1. Anything else that
 * reaches a command is a defect and keeps its trace.
 */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** The text of whatever was thrown, for a sentence that explains a failure. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${reasonOf(error.cause)})` : error.message;
}
