/**
 * `counterpoise events rebuild` and `events dead-letters`: they build anew what is derived from the event log, and tend the events
 * that could not be counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client, DeadLetter, Projection } from '../../client/client.ts';
import { CommandError } from './exit-code.ts';
import { EXIT } from '../../process/exit-code.ts';
import { fields, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

const CONSUMER = 'wallet_activity';
const CONSUMER_HELP = 'the consumer that gave them up';
const POLL_MS = 500;

export function addProjectionCommands(program: Command): void {
  const events =
    program.commands.find((command) => command.name() === 'events') ??
    program.command('events').description('the event log, and what is derived from it');

  events
    .command('rebuild <projection>')
    .description(`build a projection (${CONSUMER} or flows) anew beside the live one, which it then replaces`)
    .option('--no-wait', 'return at once, while it is being built')
    .action(async (projection: string, { wait }: { wait: boolean }, command: Command) => {
      const { client, print } = openSession(command);
      const asked = await client.projections.rebuild(projection);
      const shown = wait ? await untilBuilt(client, asked) : asked;
      print(shown, () => describeProjection(shown));
    });

  const deadLetters = events.command('dead-letters').description('events that failed five times');
  deadLetters
    .command('list')
    .description('list them in the order of the log')
    .option('--consumer <name>', CONSUMER_HELP, CONSUMER)
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ consumer, limit }: { consumer: string; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const letters = await client.projections.deadLetters(consumer, { limit });
      print(letters, () => describeDeadLetters(letters));
    });
  deadLetters
    .command('retry [event-id]')
    .description('try all of them again, or one')
    .option('--consumer <name>', CONSUMER_HELP, CONSUMER)
    .action(async (event_id: string | undefined, { consumer }: { consumer: string }, command: Command) => {
      const { client, print } = openSession(command);
      const retried = await client.projections.retryDeadLetters(consumer, given({ event_id }));
      print(retried, () => `${retried.retried_count} of them are tried again.`);
    });
}

/** Polls until the generation is the live one. Throws a CommandError if an event keeps it from that. */
async function untilBuilt(client: Client, asked: Projection): Promise<Projection> {
  let shown = asked;
  const wanted = asked.next?.generation ?? asked.live.generation;
  while (shown.live.generation < wanted) {
    if ((shown.next?.dead_letter_count ?? 0) > 0)
      throw new CommandError(
        `${shown.next!.dead_letter_count} events could not be counted: see counterpoise events dead-letters list`,
        EXIT.failed,
      );
    await sleep(POLL_MS);
    shown = (await client.projections.list()).find(({ projection }) => projection === asked.projection)!;
  }
  return shown;
}

function describeProjection({ projection, head, live, next }: Projection): string {
  return fields({
    projection,
    generation: String(live.generation),
    position: `${live.position} of ${head}`,
    'being built': next === null ? null : `generation ${next.generation}, at ${next.position}`,
  });
}

function describeDeadLetters(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return 'There is no dead letter.';
  return table(
    [' POSITION', 'EVENT', 'FAILED AT', ' ATTEMPTS', ' WAITING', 'ERROR'],
    letters.map((each) => [
      String(each.position),
      each.event_id,
      each.failed_at,
      String(each.attempts),
      String(each.waiting_count),
      each.error,
    ]),
  );
}
