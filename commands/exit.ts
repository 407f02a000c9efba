/** The end of a command that threw: what it prints, and its exit code. */
import { CounterpoiseError } from '../client/client.ts';
import { NoStackError, StackError, UsageError } from '../dev/stack-error.ts';
import { SettingsError } from '../process/config.ts';
import { EXIT, type ExitCode } from '../process/exit-code.ts';

/** Returns the exit code for what was thrown: `otherwise` unless it says that the command was called wrongly or finds nothing to ask. */
export function exitCodeFor(error: unknown, otherwise: ExitCode = EXIT.failed): ExitCode {
  if (error instanceof UsageError || error instanceof SettingsError) return EXIT.usage;
  if (error instanceof NoStackError) return EXIT.unreachable;
  return error instanceof CounterpoiseError && !isRefusal(error) ? EXIT.unreachable : otherwise;
}

/** Whether the API has refused a call. Otherwise it did not answer, or could not do it now, and the call may have taken effect. */
export function isRefusal({ problem, status }: CounterpoiseError): boolean {
  return problem !== undefined && status !== undefined && status < 500 && status !== 429;
}

/** Whether the message alone tells a person what to do. Anything else is a defect, and is printed with its stack trace. */
export function isExplained(error: unknown): error is Error {
  return [SettingsError, StackError, CounterpoiseError].some((kind) => error instanceof kind);
}
