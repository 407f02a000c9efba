/**
 * Bugs that relays and senders of webhooks are known for, each as edits of a build, with the faults that bring it to light. They must be
 * caught by what the nemesis always checks.
 */
import type { PlantedBug } from './planted-bugs.ts';
import { drawnWith } from './point-faults.ts';
import { lateCommits, relayFrozen, relayKilled } from './relay-faults.ts';
import { webhookWorkerKilled } from './webhook-faults.ts';

export const PLANTED_EVENT_BUGS = {
  'relay-by-sequence': {
    what: 'the relay reads what is behind the last sequence, and passes what is committed late',
    edits: [
      {
        file: 'workers/events/outbox-copy.ts',
        find: `openWindow(outbox, snapshot, PAGE)`,
        replace: `openWindow(outbox, snapshot && String(from.witness?.sequence ?? 0), PAGE)`,
      },
      {
        file: 'db/outbox-queries.ts',
        find: `WHERE xid >= pg_snapshot_xmin(\${since}::pg_snapshot)
          AND NOT pg_visible_in_snapshot(xid, \${since}::pg_snapshot) OFFSET 0`,
        replace: `WHERE sequence > \${since}::bigint OFFSET 0`,
      },
      {
        file: 'db/outbox-queries.ts',
        find: `durableSnapshot(since), inside`,
        replace: `durableSnapshot(undefined), inside`,
      },
    ],
    faults: [lateCommits],
  },

  'relay-cursor-first': {
    what: 'the relay stores how far it has read before it has copied what it read',
    edits: [
      {
        file: 'workers/events/log-writer.ts',
        find: `    if (!(await appendEvents(database, lease, head.position, chained, cursor))) return false;
`,
        replace: `    if (!(await appendEvents(database, lease, head.position, [], cursor))) return false;
    if (!(await appendEvents(database, lease, head.position, chained, cursor))) return false;
`,
      },
    ],
    faults: [relayKilled],
  },

  'relay-without-lease': {
    what: 'a relay appends although another one has taken over, behind whatever that has appended',
    edits: [
      {
        file: 'db/events/functions/append_events.sql',
        find: `  PERFORM FROM leases WHERE name = p_lease AND token = p_token FOR SHARE;
`,
        replace: `  PERFORM 1;
`,
      },
      {
        file: 'db/events/functions/append_events.sql',
        find: `  PERFORM FROM log_head WHERE position = p_position FOR NO KEY UPDATE;
`,
        replace: `  SELECT position INTO p_position FROM log_head FOR NO KEY UPDATE;
`,
      },
    ],
    faults: [relayFrozen],
  },

  'delivery-marked-before-sent': {
    what: 'an event counts as delivered to an endpoint before it is sent there',
    edits: [
      {
        file: 'workers/events/webhooks/live-events.ts',
        find: `        const lane = isOrdered ?`,
        replace: `        window.finish(entry);
        const lane = isOrdered ?`,
      },
    ],
    faults: [drawnWith(webhookWorkerKilled, 'webhook_cursor')],
  },
} satisfies Record<string, PlantedBug>;
