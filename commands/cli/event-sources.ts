/** `counterpoise events sources` and `events resume`: how far the event log is behind, and going on after a restore. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { EventSource } from '../../client/client.ts';
import { status, table } from './output.ts';
import { openSession } from './session.ts';

interface ResumeOptions {
  readonly comment: string;
  readonly onBehalfOf?: string;
}

/** `events` is the command to which they belong. */
export function addEventSourceCommands(events: Command): void {
  events
    .command('sources')
    .description('list the outboxes from which events are copied, and how far the log is behind')
    .action(async (_options: object, command: Command) => {
      const { client, print } = openSession(command);
      const { data } = await client.eventSources.list();
      print(data, () => describe(data));
    });

  events
    .command('resume <source>')
    .description('go on with an outbox that is read no further, since it or the log was restored')
    .requiredOption('--comment <text>', 'the reason for the decision')
    .option('--on-behalf-of <name>', 'whom the key acts for (default: the user of this machine)')
    .action(async (source: string, { comment, onBehalfOf = userInfo().username }: ResumeOptions, command: Command) => {
      const { client, print } = openSession(command);
      const resumed = await client.eventSources.resume(source, { comment }, { onBehalfOf });
      print(resumed, () => describe([resumed]));
    });
}

function describe(sources: readonly EventSource[]): string {
  const rows = sources.map((source) => [
    source.source,
    status(source.status),
    String(source.last_position),
    String(source.waiting_events),
    source.waiting_seconds === null ? '' : `${source.waiting_seconds} s`,
  ]);
  const shown = table(['SOURCE', 'STATUS', ' LAST POSITION', ' WAITING', ' FOR'], rows);
  return [shown, ...sources.flatMap(remarksOf)].join('\n');
}

function remarksOf({ source, stopped_reason: reason, last_resume: resume }: EventSource): string[] {
  if (reason !== null) return ['', `${source} is read no further: ${reason}.`];
  if (resume === null) return [];
  const by = `${source} was resumed by ${nameOf(resume)}: ${resume.comment}`;
  if (resume.completed_at === null) return ['', by];
  return ['', by, `  lost in the outbox: ${resume.lost_in_outbox}, lost in the log: ${resume.lost_in_log}`];
}

function nameOf({ actor, on_behalf_of: onBehalfOf }: NonNullable<EventSource['last_resume']>): string {
  return onBehalfOf === null ? actor : `${actor} for ${onBehalfOf}`;
}
