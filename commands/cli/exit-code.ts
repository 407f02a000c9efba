/** The exit codes of the command line, and the sentence for each failure. */
import { CommanderError } from 'commander';
import { CounterpoiseError, type Problem } from '../../client/client.ts';
import { SettingsError } from '../../process/config.ts';
import { EXIT, type ExitCode } from '../../process/exit-code.ts';
import { StackError } from '../../dev/stack-error.ts';
import { isRefusal } from '../exit.ts';

/** Sets the exit code of a command that does not end with 0. */
export type EndCommand = (code: ExitCode) => void;

export const EXIT_HELP = `
Exit codes:
  0  done
  1  a movement that was waited for failed, waits for approvals or has not ended, the API refused, or an invariant is broken
  2  the command line, a setting or a file is wrong
  3  no stack runs, or the API does not answer

With --json, standard output has one object or array and nothing else; in case of an error it is {"error": {code, message}}.
Of "events tail --json", each line is an event.`;

/** An error that the user can put right; the message says how. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Failure {
  readonly exitCode: ExitCode;
  /** Stable, for programs. */
  readonly code: string;
  readonly message: string;
  /** The key with which to repeat the call, if it may have taken effect. */
  readonly key?: string;
  /** Commander has printed the message itself. */
  readonly isTold?: boolean;
}

/** Returns undefined for an error that is a defect of this program and is to keep its stack trace. */
export function describeFailure(error: unknown): Failure | undefined {
  if (error instanceof CommanderError) {
    const exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return { exitCode, code: 'usage', message: error.message.replace(/^error: /, ''), isTold: true };
  }
  if (error instanceof CommandError) {
    return {
      exitCode: error.exitCode,
      code: error.exitCode === EXIT.usage ? 'usage' : 'failed',
      message: error.message,
    };
  }
  if (error instanceof SettingsError) return { exitCode: EXIT.usage, code: 'setting_wrong', message: error.message };
  if (error instanceof StackError) return { exitCode: EXIT.unreachable, code: 'no_stack', message: error.message };
  if (error instanceof CounterpoiseError) return describeCallFailure(error);
  return undefined;
}

function describeCallFailure(error: CounterpoiseError): Failure {
  const { code, message, problem, idempotencyKey: key } = error;
  const said = problem === undefined ? message : describeProblem(problem);
  if (isRefusal(error)) return { exitCode: EXIT.failed, code, message: said };
  const repeat = key === undefined ? '' : `\nWhether it took effect is not known; repeat it with --key ${key}`;
  return { exitCode: EXIT.unreachable, code, message: said + repeat, ...(key === undefined ? {} : { key }) };
}

/** The problem's title, detail and code, and a line for each fault of the request. */
function describeProblem({ title, detail, code, errors = [] }: Problem): string {
  const faults = errors.map((fault) => `\n  ${fault.pointer ?? fault.parameter ?? ''} ${fault.code}: ${fault.detail}`);
  const said = detail === undefined || faults.length > 0 ? title : `${title}: ${detail}`;
  return `${said} (${code})${faults.join('')}`;
}
