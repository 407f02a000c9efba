/** `counterpoise webhooks deliveries` and `delivery`: what did not succeed at first, and what the receiver answered each time. */
import { Option, type Command } from 'commander';
import type { WebhookDelivery, WebhookDeliveryWithAttempts } from '../../client/client.ts';
import { fields, listedTable, oneLine, status, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, position } from './values.ts';

export function addDeliveryCommands(webhooks: Command): void {
  webhooks
    .command('deliveries <endpoint-id>')
    .description('list the deliveries that did not succeed at first')
    .addOption(new Option('--status <status>', 'only these').choices(['PENDING', 'DELIVERED', 'FAILED']))
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async (id: string, options: { status?: WebhookDelivery['status']; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.webhookEndpoints.deliveries(id, given(options));
      const titles = [' POSITION', 'STATUS', ' ATTEMPTS', 'LAST ANSWER', 'NEXT ATTEMPT', 'TYPE', 'SUBJECT'];
      print(data, () => listedTable(next_cursor, titles, data.map(rowOfDelivery)));
    });

  webhooks
    .command('delivery <endpoint-id>')
    .argument('<position>', 'of the event', position)
    .description('show a delivery, with what the receiver answered to each attempt')
    .action(async (id: string, at: number, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const delivery = await client.webhookEndpoints.delivery(id, at);
      print(delivery, () => describeDelivery(delivery));
    });
}

function rowOfDelivery(each: WebhookDelivery): string[] {
  return [
    String(each.position),
    status(each.status),
    String(each.attempt_count),
    answerOf(each.last_status_code, each.last_error_code),
    each.next_attempt_at ?? '',
    each.type,
    each.subject,
  ];
}

function describeDelivery(delivery: WebhookDeliveryWithAttempts): string {
  const described = fields({
    position: String(delivery.position),
    type: delivery.type,
    subject: delivery.subject,
    status: status(delivery.status),
    'last answer': answerOf(delivery.last_status_code, delivery.last_error_code) || null,
    'next attempt': delivery.next_attempt_at,
  });
  const attempts = delivery.attempts.map((each) => [
    each.at,
    answerOf(each.status_code, each.error_code),
    `${each.duration_ms} ms`,
    oneLine(each.answer ?? '') ?? '',
  ]);
  return `${described}\n\n${table(['ATTEMPT', 'ANSWER', ' TOOK', 'TEXT'], attempts)}`;
}

/** The status of the receiver's answer, and why it did not do. */
function answerOf(statusCode: number | null, errorCode: string | null): string {
  return [statusCode, errorCode].filter((part) => part !== null).join(' ');
}
