/** `counterpoise events`: shows what has happened, and what happens. */
import { once } from 'node:events';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { Client, Event } from '../../client/client.ts';
import { addEventSourceCommands } from './event-sources.ts';
import { table } from './output.ts';
import { openSession } from './session.ts';
import { eventsListed, given, LISTED_DEFAULT, position } from './values.ts';

interface Selection {
  readonly after?: number;
  readonly types?: string;
  readonly subject?: string;
}

export function addEventCommands(program: Command): void {
  const events = program.command('events').description('what has happened, as events');
  addEventSourceCommands(events);
  const select = (command: Command, from: string): Command =>
    command
      .option('--after <position>', `only what follows this position (default: ${from})`, position)
      .option('--types <types>', 'only these types, separated by commas')
      .option('--subject <id>', 'only events about this wallet or movement');

  select(events.command('list'), 'from the oldest event on')
    .description('list events, oldest first')
    .option('--limit <count>', 'how many at most, up to 1000', eventsListed, LISTED_DEFAULT)
    .action(async ({ limit, ...selection }: Selection & { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { found, readTo, isAll } = await find(client, selection, limit);
      print(found, () => {
        const shown = table(['POSITION', 'TIME', 'TYPE', 'SUBJECT'], found.map(cellsOf));
        return isAll ? shown : `${shown}\n\nThere are more: --after ${readTo} shows what follows.`;
      });
    });

  select(events.command('tail'), 'what happens from now on')
    .description('show events as they happen, until Ctrl-C; with --json, one object a line')
    .action(async ({ types, ...selection }: Selection, command: Command) => {
      const { client, isJson } = openSession(command);
      const render = isJson ? (event: Event) => JSON.stringify(event) : lineOf;
      await follow(client, { ...selection, ...(types === undefined ? {} : { types: types.split(',') }) }, render);
    });

  events
    .command('types')
    .description('list the types of events; with --json, each with its JSON Schema')
    .action(async (_options: object, command: Command) => {
      const { client, print } = openSession(command);
      const types = await client.events.types();
      print(types, () =>
        table(
          ['TYPE', 'TITLE'],
          types.map(({ type, title }) => [type, title]),
        ),
      );
    });
}

/** The first events, up to a number of them: the API's pages may be short although more follows. */
async function find(
  client: Client,
  selection: Selection,
  limit: number,
): Promise<{ found: Event[]; readTo: number; isAll: boolean }> {
  const found: Event[] = [];
  for (let { after } = selection; ;) {
    const page = await client.events.list(given({ ...selection, after, limit: limit - found.length }));
    found.push(...page.data);
    const isAll = page.next_after === page.head;
    if (isAll || found.length === limit) return { found, readTo: page.next_after, isAll };
    after = page.next_after;
  }
}

/** Prints a line for each event, until a signal or until nobody reads standard output any more. */
async function follow(
  client: Client,
  selection: Omit<Selection, 'types'> & { readonly types?: string[] },
  render: (event: Event) => string,
): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  process.stdout.on('error', end);
  let isAway = false;
  const onBreak = (): void => {
    if (!isAway) console.error('counterpoise: the API does not answer; waiting for it');
    isAway = true;
  };
  const onOpen = (): void => {
    if (isAway) console.error('counterpoise: the API answers again');
    isAway = false;
  };
  try {
    for await (const event of client.events.stream({ ...selection, signal: ending.signal, onBreak, onOpen }))
      if (!process.stdout.write(`${render(event)}\n`)) await once(process.stdout, 'drain', { signal: ending.signal });
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
}

function cellsOf({ position: at, time, type, subject }: Event): [string, string, string, string] {
  return [String(at), time, type, subject];
}

/** As wide as the columns of a list are. */
function lineOf(event: Event): string {
  const [at, time, type, subject] = cellsOf(event);
  return `${at.padEnd(8)}  ${styleText('dim', time)}  ${type.padEnd(24)}  ${subject}`;
}
