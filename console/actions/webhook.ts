/** Testing, pausing, enabling an endpoint, and having sent again what was given up. No money moves by any of it. */
import type { WebhookEndpoint } from '../../client/client.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export function seenOfWebhook({ status, url }: WebhookEndpoint): Seen {
  return { status, url };
}

export function actionsOfWebhook({ webhook_endpoint_id, status, cursor }: WebhookEndpoint): Action[] {
  const path = { webhook_endpoint_id };
  return [
    actionOf('testWebhookEndpoint', () => ({ path }), {
      title: 'Send a test event',
      effect: 'One test event is sent now. It is about no money.',
    }),
    ...(status === 'DISABLED'
      ? [
          actionOf('enableWebhookEndpoint', () => ({ path, body: { from: 'cursor' as const } }), {
            title: 'Enable it where it was',
            effect: 'Every event since is delivered, as far as the log keeps them. No money moves.',
          }),
        ]
      : [
          actionOf(
            'updateWebhookEndpoint',
            () => ({ path, body: { status: status === 'ACTIVE' ? ('PAUSED' as const) : ('ACTIVE' as const) } }),
            {
              title: status === 'ACTIVE' ? 'Pause it' : 'Resume it',
              effect:
                status === 'ACTIVE'
                  ? 'Nothing more is sent; nothing is lost.'
                  : 'What has happened meanwhile is sent now.',
            },
          ),
        ]),
    ...(cursor > 0
      ? [
          actionOf(
            'createWebhookReplay',
            () => ({ path, body: { from_position: 1, to_position: cursor, only_failed: true } }),
            {
              title: 'Replay what failed',
              effect:
                'Each event that was given up is sent again, with its own id, so that a receiver knows a repeat. No money moves.',
            },
          ),
        ]
      : []),
  ];
}
