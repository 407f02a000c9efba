/**
 * `counterpoise cases`: what cannot finish by itself, and what an operator decides about it. Imported by program.ts.
 */
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { describeTransfer } from './transfer.ts';
import { table } from './output.ts';
import { openSession } from './session.ts';

const ACTIONS = ['retry', 'refund', 'write_off'] as const;

interface ResolveOptions {
  readonly action: (typeof ACTIONS)[number];
  readonly comment: string;
  readonly actor: string;
}

export function addCaseCommands(program: Command): void {
  const cases = program.command('cases').description('what cannot finish by itself and waits for somebody');

  cases
    .command('list')
    .description('the cases, newest first')
    .action(async (_options: object, command: Command) => {
      const { client, print } = openSession(command);
      const { data } = await client.cases.list();
      print(data, () =>
        data.length === 0
          ? 'There is no case.'
          : table(
              ['CASE', 'TRANSFER', 'REASON', 'SINCE'],
              data.map((each) => [each.case_id, each.transfer_id, each.reason, each.since]),
            ),
      );
    });

  cases
    .command('resolve <case-id>')
    .description(
      'retry at once, force the refund, or write it off against the external wallet; kept with actor and comment',
    )
    .addOption(new Option('--action <action>', 'what to do').choices(ACTIONS).makeOptionMandatory())
    .requiredOption('--comment <text>', 'why')
    .option('--actor <name>', 'who decides', userInfo().username)
    .action(async (caseId: string, { action, comment, actor }: ResolveOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { transfer_id } = await client.cases.get(caseId);
      const transfer = await client.transfers.resolve(transfer_id, { action, comment }, { actor });
      print(transfer, () => describeTransfer(transfer));
    });
}
