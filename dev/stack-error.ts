/**
 * The one kind of error that the embedded stack raises on purpose: its message says what is wrong and
 * what to do, so commands print it alone, without a stack trace. Anything else that
 * reaches a command is a defect and keeps its trace.
 */
export class StackError extends Error {
  override readonly name: string = 'StackError';
}

/** The command line, or a setting, is wrong; the message says what was expected. */
export class UsageError extends StackError {
  override readonly name = 'UsageError';
}

/** No stack runs where a command looks for one. */
export class NoStackError extends StackError {
  override readonly name = 'NoStackError';
}

/** The text of whatever was thrown, for a sentence that explains a failure. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${reasonOf(error.cause)})` : error.message;
}
