/** `counterpoise webhooks`: the endpoints to which events are delivered. */
import { Option, type Command } from 'commander';
import type { Client, WebhookEndpoint, WebhookTest } from '../../client/client.ts';
import { EXIT } from '../../process/exit-code.ts';
import type { EndCommand } from './exit-code.ts';
import { fields, listedTable, oneLine, status } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, seconds, typeList } from './values.ts';
import { addDeliveryCommands } from './webhook-deliveries.ts';
import { addReplayCommands } from './webhook-replays.ts';

const ORDERINGS = ['subject', 'none'] as const;
const EXPIRES_IN_MAX = 604_800;

interface ChangeOptions {
  readonly url?: string;
  /** `false` for every type: `--no-types`. */
  readonly types?: string[] | false;
  readonly ordering?: (typeof ORDERINGS)[number];
  readonly pause?: boolean;
  readonly resume?: boolean;
}

export function addWebhookCommands(program: Command, end: EndCommand): void {
  const webhooks = program.command('webhooks').description('deliver events to URLs');
  addEndpointCommands(webhooks);
  addControlCommands(webhooks, end);
  addDeliveryCommands(webhooks);
  addReplayCommands(webhooks, end);
}

function addEndpointCommands(webhooks: Command): void {
  webhooks
    .command('create <url>')
    .description('have events delivered to a URL; its secret is shown this once')
    .option('--types <types>', 'only events of these types, separated by commas', typeList)
    .addOption(orderingOption())
    .action(async (url: string, { types, ordering }: ChangeOptions, command: Command) => {
      const { client, print } = openSession(command);
      const created = await client.webhookEndpoints.create({ url, ...given({ types: types || undefined, ordering }) });
      print(created, () => `${describeEndpoint(created)}\n${fields({ secret: created.secret })}`);
    });

  webhooks
    .command('list')
    .description('list the endpoints, newest first')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.webhookEndpoints.list({ limit });
      const row = (each: WebhookEndpoint) => [
        each.webhook_endpoint_id,
        status(each.status),
        String(each.cursor),
        each.failing_since ?? '',
        each.url,
      ];
      print(data, () =>
        listedTable(next_cursor, ['ENDPOINT', 'STATUS', ' CURSOR', 'FAILING SINCE', 'URL'], data.map(row)),
      );
    });

  webhooks
    .command('show <endpoint-id>')
    .description('show an endpoint')
    .action(async (id: string, _options: object, command: Command) => {
      await showEndpoint(command, (client) => client.webhookEndpoints.get(id));
    });

  webhooks
    .command('update <endpoint-id>')
    .description('change, pause or resume an endpoint')
    .option('--url <url>', 'the new URL')
    .option('--types <types>', 'only events of these types, separated by commas', typeList)
    .option('--no-types', 'events of every type but audit.…')
    .addOption(orderingOption())
    .addOption(new Option('--pause', 'send nothing until it is resumed').conflicts('resume'))
    .option('--resume', 'go on where it was paused')
    .action(async (id: string, { url, types, ordering, pause, resume }: ChangeOptions, command: Command) => {
      const changes = given({
        url,
        ordering,
        types: types === false ? null : types,
        status: pause === true ? ('PAUSED' as const) : resume === true ? ('ACTIVE' as const) : undefined,
      });
      await showEndpoint(command, (client) => client.webhookEndpoints.update(id, changes));
    });

  webhooks
    .command('delete <endpoint-id>')
    .description('delete an endpoint')
    .action(async (id: string, _options: object, command: Command) => {
      await showEndpoint(command, (client) => client.webhookEndpoints.delete(id));
    });
}

function addControlCommands(webhooks: Command, end: EndCommand): void {
  webhooks
    .command('test <endpoint-id>')
    .description('send a test event now, and show what the receiver makes of it')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const result = await client.webhookEndpoints.test(id);
      print(result, () => describeTest(result));
      if (!result.delivered) end(EXIT.failed);
    });

  webhooks
    .command('rotate-secret <endpoint-id>')
    .description(
      'make a new secret; the one of until now signs too for a while, and so do those of before it until their own time',
    )
    .option('--expires-in <seconds>', 'for how long (default: a day)', seconds(0, EXPIRES_IN_MAX))
    .action(async (id: string, { expiresIn }: { expiresIn?: number }, command: Command) => {
      const { client, print } = openSession(command);
      const rotated = await client.webhookEndpoints.rotateSecret(id, given({ expires_in: expiresIn }));
      print(rotated, () => fields({ secret: rotated.secret, 'old ones until': rotated.previous_secret_expires_at }));
    });

  webhooks
    .command('enable <endpoint-id>')
    .description('make an endpoint active again')
    .addOption(
      new Option('--from <where>', 'go on where it was, or with the next event')
        .choices(['cursor', 'now'])
        .default('cursor'),
    )
    .action(async (id: string, { from }: { from: 'cursor' | 'now' }, command: Command) => {
      await showEndpoint(command, (client) => client.webhookEndpoints.enable(id, { from }));
    });
}

async function showEndpoint(command: Command, call: (client: Client) => Promise<WebhookEndpoint>): Promise<void> {
  const { client, print } = openSession(command);
  const shown = await call(client);
  print(shown, () => describeEndpoint(shown));
}

function orderingOption(): Option {
  return new Option('--ordering <ordering>', 'one after the other within a subject, or each by itself').choices(
    ORDERINGS,
  );
}

function describeEndpoint(endpoint: WebhookEndpoint): string {
  return fields({
    endpoint: endpoint.webhook_endpoint_id,
    url: endpoint.url,
    status: status(endpoint.status),
    reason: endpoint.disabled_reason,
    types: endpoint.types?.join(', ') ?? 'all',
    ordering: endpoint.ordering,
    cursor: String(endpoint.cursor),
    'failing since': endpoint.failing_since,
    created: endpoint.created_at,
  });
}

function describeTest({ delivered, status_code, error_code, duration_ms, answer }: WebhookTest): string {
  return fields({
    result: status(delivered ? 'DELIVERED' : 'FAILED'),
    status: status_code === null ? null : String(status_code),
    error: error_code,
    took: `${duration_ms} ms`,
    answer: answer && oneLine(answer),
  });
}
