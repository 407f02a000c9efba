/** `counterpoise cases`: shows what cannot finish by itself, and takes an operator's decision about it. */
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import {
  CounterpoiseError,
  type ApprovalWithVotes,
  type Case,
  type CaseWithHistory,
  type Client,
  type Transfer,
} from '../../client/client.ts';
import { EXIT } from '../../process/exit-code.ts';
import { describeApproval } from './approvals.ts';
import { CommandError } from './exit-code.ts';
import { fields, status, table } from './output.ts';
import { openSession } from './session.ts';
import { describeTransfer } from './transfer.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

const ACTIONS = ['retry', 'refund', 'write_off', 'close'] as const;

interface ResolveOptions {
  readonly action: (typeof ACTIONS)[number];
  readonly comment: string;
  readonly onBehalfOf?: string;
}

export function addCaseCommands(program: Command): void {
  const cases = program.command('cases').description('problems that wait for an operator');

  cases
    .command('list')
    .description('list the open cases, newest first')
    .option('--all', 'include resolved cases')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ all, limit }: { all?: boolean; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const page = await client.cases.list(given({ status: all ? undefined : ('OPEN' as const), limit }));
      print(page.data, () => describeCases(page.data, page.open_count));
    });

  cases
    .command('show <case-id>')
    .description('show a case, its last error and its log')
    .action(async (caseId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const shown = await client.cases.get(caseId);
      print(shown, () => describeCase(shown));
    });

  cases
    .command('resolve <case-id>')
    .description('decide about a case; the decision is kept for ever, with its actor and comment')
    .addOption(
      new Option(
        '--action <action>',
        'try again at once, force the refund, write the money off to the external wallet, or close the case',
      )
        .choices(ACTIONS)
        .makeOptionMandatory(),
    )
    .requiredOption('--comment <text>', 'the reason for the decision')
    .option('--on-behalf-of <name>', 'whom the key acts for (default: the user of this machine)')
    .action(async (caseId: string, options: ResolveOptions, command: Command) => {
      const { client, print } = openSession(command);
      const resolved = await resolve(client, caseId, options);
      print(resolved, () => {
        if ('approval_id' in resolved) return describeApproval(resolved);
        return 'case_id' in resolved ? describeCases([resolved], undefined) : describeTransfer(resolved);
      });
    });
}

/** Resolves a case, at the transfer if its workflow has it in hand. Returns the case or the transfer as it then is, or the approval that it waits for. */
async function resolve(
  client: Client,
  caseId: string,
  { action, comment, onBehalfOf = userInfo().username }: ResolveOptions,
): Promise<Case | Transfer | ApprovalWithVotes> {
  if (action !== 'write_off') {
    try {
      return await client.cases.resolve(caseId, { action, comment }, { onBehalfOf });
    } catch (error) {
      const isTransfers = error instanceof CounterpoiseError && error.code === 'case_has_workflow';
      if (!isTransfers || action === 'close') throw error;
    }
  }
  const { transfer_id } = await client.cases.get(caseId);
  if (transfer_id === null) throw new CommandError(`${action} is for the case of a transfer`, EXIT.failed);
  return client.transfers.resolve(transfer_id, { action, comment }, { onBehalfOf });
}

function describeCase(shown: CaseWithHistory): string {
  const described = fields({
    case: shown.case_id,
    subject: shown.subject,
    transfer: shown.transfer_id,
    transaction: shown.transaction_id,
    status: status(shown.status),
    reason: shown.reason,
    since: shown.since,
    attempts: String(shown.attempts),
    'last error': shown.last_error,
    resolved: shown.resolved_at,
  });
  const history = shown.history.map(({ action, at, actor, on_behalf_of, comment }) => [
    ...[action, at, actor, on_behalf_of ?? '', comment],
  ]);
  return `${described}\n\n${table(['ACTION', 'AT', 'ACTOR', 'FOR', 'COMMENT'], history)}`;
}

function describeCases(cases: readonly Case[], openCount: number | undefined): string {
  if (cases.length === 0) return 'There is no case.';
  const rows = cases.map((each) => [
    each.case_id,
    status(each.status),
    each.subject,
    each.reason,
    each.since,
    String(each.attempts),
  ]);
  const listed = table(['CASE', 'STATUS', 'SUBJECT', 'REASON', 'SINCE', ' ATTEMPTS'], rows);
  return openCount === undefined || openCount <= cases.length ? listed : `${listed}\n\n${openCount} are open in all.`;
}
