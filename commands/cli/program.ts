/** The command line as a whole: its commands, the options that all of them have, and its exit code. */
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { addApprovalCommands } from './approvals.ts';
import { addAuditCommand } from './audit.ts';
import { addAuditEventCommands } from './audit-events.ts';
import { addBatchCommand } from './batch.ts';
import { addCaseCommands } from './cases.ts';
import { addConsoleCommand } from './console.ts';
import { addEventCommands } from './events.ts';
import { EXIT, type ExitCode } from '../../process/exit-code.ts';
import { describeFailure, EXIT_HELP, type EndCommand } from './exit-code.ts';
import { addFundCommands } from './fund.ts';
import { addOrderCommands } from './order.ts';
import { addProjectionCommands } from './projections.ts';
import { addKeyCommands } from './keys.ts';
import { addTenantCommands } from './tenants.ts';
import type { GlobalOptions } from './session.ts';
import { addStockCommands } from './stock.ts';
import { addTransferCommands } from './transfer.ts';
import { httpUrl } from './values.ts';
import { addWalletCommands } from './wallet.ts';
import { addWebhookCommands } from './webhooks.ts';

/** Runs a command line and returns its exit code. */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('counterpoise')
    .description('Moves money between wallets durably.')
    .version(manifest.version, '--version', 'print the version')
    .option('--json', 'print one object or array, for programs')
    .option(
      '--api-url <url>',
      'the address of the API (default: COUNTERPOISE_API_URL, or the stack on DATA_DIR)',
      httpUrl,
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', EXIT_HELP);
  const end: EndCommand = (code) => {
    exitCode = code;
  };
  for (const add of COMMANDS) add(program, end);
  raiseInsteadOfExit(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return tell(error, args.includes('--json') || program.opts<GlobalOptions>().json === true);
  }
}

const COMMANDS: readonly ((program: Command, end: EndCommand) => void)[] = [
  addWalletCommands,
  addFundCommands,
  addTransferCommands,
  addBatchCommand,
  addStockCommands,
  addOrderCommands,
  addCaseCommands,
  addApprovalCommands,
  addEventCommands,
  addWebhookCommands,
  addKeyCommands,
  addTenantCommands,
  addAuditEventCommands,
  addConsoleCommand,
  addAuditCommand,
  addProjectionCommands,
];

/**
 * Makes every command throw instead of exit. Commander passes this on only to commands that it makes itself, and only later ones.
 */
function raiseInsteadOfExit(command: Command): void {
  command.exitOverride((error) => {
    throw error;
  });
  command.commands.forEach(raiseInsteadOfExit);
}

function tell(error: unknown, isJson: boolean): ExitCode {
  const failure = describeFailure(error);
  if (failure === undefined) {
    console.error(error);
    return EXIT.failed;
  }
  const { exitCode, code, message, key, isTold } = failure;
  if (exitCode === EXIT.ok) return exitCode;
  if (isTold !== true) console.error(`counterpoise: ${message}`);
  const isHelp = error instanceof CommanderError && error.code === 'commander.help';
  if (isJson && !isHelp) {
    console.log(JSON.stringify({ error: { code, message, ...(key === undefined ? {} : { key }) } }, null, 2));
  }
  return exitCode;
}
