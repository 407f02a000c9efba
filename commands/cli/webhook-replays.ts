/** `counterpoise webhooks replay` and `replays`: events that are sent to an endpoint again, and how far that has come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client, WebhookReplay } from '../../client/client.ts';
import { EXIT } from '../../process/exit-code.ts';
import { CommandError, type EndCommand } from './exit-code.ts';
import { fields, listedTable, status } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, position, typeList } from './values.ts';

const POLL_MS = 500;

interface ReplayOptions {
  readonly from: number;
  readonly to: number;
  readonly types?: string[];
  readonly onlyFailed?: boolean;
  readonly key?: string;
  readonly wait?: boolean;
}

export function addReplayCommands(webhooks: Command, end: EndCommand): void {
  webhooks
    .command('replay <endpoint-id>')
    .description('send the events of a range again')
    .requiredOption('--from <position>', 'the first one', position)
    .requiredOption('--to <position>', 'the last one', position)
    .option('--types <types>', 'only events of these types, separated by commas', typeList)
    .option('--only-failed', 'only those that were given up')
    .option('--key <key>', 'Idempotency-Key (default: a new key)')
    .option('--wait', 'return when it has ended; exits 1 unless everything was sent and accepted')
    .action(async (id: string, options: ReplayOptions, command: Command) => {
      const { from, to, types, onlyFailed, key, wait = false } = options;
      const { client, print } = openSession(command);
      const begun = await client.webhookEndpoints.replay(
        id,
        { from_position: from, to_position: to, ...given({ types, only_failed: onlyFailed }) },
        given({ idempotencyKey: key }),
      );
      const replay = wait ? await untilEnded(client, begun) : begun;
      print(replay, () => describeReplay(replay));
      if (wait && (replay.status !== 'COMPLETED' || replay.failed_count > 0)) end(EXIT.failed);
    });

  webhooks
    .command('replays <endpoint-id>')
    .argument('[replay-id]', 'shows this one alone')
    .description('list the replays to an endpoint, newest first, and how far they are')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async (id: string, replayId: string | undefined, { limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      if (replayId !== undefined) {
        const replay = await client.webhookEndpoints.getReplay(id, replayId);
        return print(replay, () => describeReplay(replay));
      }
      const { data, next_cursor } = await client.webhookEndpoints.replays(id, { limit });
      const titles = ['REPLAY', 'STATUS', ' FROM', ' TO', ' SENT TO', ' DELIVERED', ' FAILED', 'CREATED'];
      return print(data, () => listedTable(next_cursor, titles, data.map(rowOfReplay)));
    });
}

/** Polls for as long as the replay can go on. Throws a CommandError once its endpoint is not active. */
async function untilEnded(client: Client, begun: WebhookReplay): Promise<WebhookReplay> {
  const { webhook_endpoint_id: endpointId, replay_id: replayId } = begun;
  for (;;) {
    const endpoint = await client.webhookEndpoints.get(endpointId);
    const replay = await client.webhookEndpoints.getReplay(endpointId, replayId);
    if (replay.status !== 'RUNNING') return replay;
    if (endpoint.status !== 'ACTIVE')
      throw new CommandError(`the replay ${replayId} waits: its endpoint is ${endpoint.status}`, EXIT.failed);
    await sleep(POLL_MS);
  }
}

function describeReplay(replay: WebhookReplay): string {
  return fields({
    replay: replay.replay_id,
    status: status(replay.status),
    positions: `${replay.from_position} to ${replay.to_position}`,
    'sent to': String(replay.read_to),
    types: replay.types?.join(', '),
    delivered: String(replay.delivered_count),
    failed: String(replay.failed_count),
    created: replay.created_at,
    ended: replay.finished_at,
  });
}

function rowOfReplay(each: WebhookReplay): string[] {
  return [
    each.replay_id,
    status(each.status),
    String(each.from_position),
    String(each.to_position),
    String(each.read_to),
    String(each.delivered_count),
    String(each.failed_count),
    each.created_at,
  ];
}
