/** `counterpoise order cases`: shows what orders wait for, and takes an operator's decision about it. */
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import type { OrderCase, OrderCaseWithHistory } from '../../client/client.ts';
import { fields, listedTable, oneLine, status, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

const ORDER_ACTIONS = ['retry', 'collect_again', 'write_off'] as const;

export interface ResolveOptions {
  readonly action: (typeof ORDER_ACTIONS)[number];
  readonly comment: string;
  readonly onBehalfOf?: string;
}

export function addOrderCaseCommands(order: Command): void {
  const cases = order.command('cases').description('orders that wait for an operator, and what for');

  cases
    .command('list')
    .description('list the open cases, newest first')
    .option('--all', 'include resolved cases')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ all, limit }: { all?: boolean; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const page = await client.orders.cases(given({ status: all ? undefined : ('OPEN' as const), limit }));
      print(page.data, () => describeCases(page.data, page.next_cursor));
    });

  cases
    .command('show <case-id>')
    .description('show a case, its last error and what was decided')
    .action(async (caseId: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const shown = await client.orders.getCase(caseId);
      print(shown, () => describeCase(shown));
    });

  addResolveOptions(cases.command('resolve <case-id>'))
    .description('decide about a case, at its order; the decision is kept for ever, with its actor and comment')
    .action(async (caseId: string, options: ResolveOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { action, comment, onBehalfOf = userInfo().username } = options;
      const before = await client.orders.getCase(caseId);
      // What is decided about a case that is over would be about another one of its order.
      if (before.status === 'OPEN') await client.orders.resolve(before.order_id, { action, comment }, { onBehalfOf });
      const resolved = await client.orders.getCase(caseId);
      print(resolved, () => describeCase(resolved));
    });
}

export function addResolveOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--action <action>',
        'try again at once, take the money that is due by an ordinary transfer, or give it up',
      )
        .choices(ORDER_ACTIONS)
        .makeOptionMandatory(),
    )
    .requiredOption('--comment <text>', 'the reason for the decision')
    .option('--on-behalf-of <name>', 'whom the key acts for (default: the user of this machine)');
}

function describeCase(shown: OrderCaseWithHistory): string {
  const described = fields({
    case: shown.case_id,
    order: shown.order_id,
    status: status(shown.status),
    reason: shown.reason,
    since: shown.opened_at,
    'last error': shown.last_error,
    resolved: shown.closed_at,
  });
  if (shown.history.length === 0) return described;
  const history = shown.history.map(({ action, at, actor, on_behalf_of, comment }) => [
    ...[action, at, actor, on_behalf_of ?? '', comment],
  ]);
  return `${described}\n\n${table(['ACTION', 'AT', 'ACTOR', 'FOR', 'COMMENT'], history)}`;
}

function describeCases(cases: readonly OrderCase[], nextCursor: string | null): string {
  if (cases.length === 0) return 'There is no case.';
  const rows = cases.map((each) => [
    ...[each.case_id, status(each.status), each.order_id, each.reason, each.opened_at],
    oneLine(each.last_error ?? '', 80) ?? '',
  ]);
  return listedTable(nextCursor, ['CASE', 'STATUS', 'ORDER', 'REASON', 'SINCE', 'LAST ERROR'], rows);
}
