/**
 * The webhook endpoints of a run, and the check of what has left: every event of the log since an endpoint was made arrives at its
 * receiver, as the log has it. Receivers are hurt by faults, but for one.
 */
import { webhookBody } from '../domain/events/webhook.ts';
import type { Tenant } from '../domain/tenant.ts';
import { digestOf } from './arrivals.ts';
import { holdsWithin } from './pause.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import type { Stack } from './stack.ts';
import type { Side } from './tenants.ts';
import type { Violations } from './violations.ts';

/** A receiver and its endpoint. */
export interface Subscriber extends Omit<Receiver, 'expect' | 'close'> {
  /** Whose events it is sent. */
  readonly tenant: Tenant;
  readonly endpointId: string;
  /** Its status as it is stored. */
  readonly status: () => Promise<string | undefined>;
  /** Has the endpoint go on where it was. */
  readonly enable: () => Promise<void>;
  /** Has all events of this range sent again. */
  readonly replay: (from: number, to: number) => Promise<void>;
}

export interface Receivers {
  /** Never hurt; in each subject's order. */
  readonly good: Subscriber;
  /** Hurt; in each subject's order. */
  readonly frail: Subscriber;
  /** Hurt, also in ways after which a replay is needed; in no order. */
  readonly loose: Subscriber;
  /** Never hurt; in each subject's order. Of the second tenant, in a run that has one. */
  readonly ofSecond?: Subscriber;
  /**
   * Waits until everything that is in the log now has arrived, and reports what does not. To be called when no fault lasts. An endpoint that
   * is disabled is enabled, as by its owner.
   */
  readonly verify: (signal: AbortSignal) => Promise<void>;
  /** How many webhooks each has accepted, and was sent again. */
  readonly tally: () => Readonly<Record<string, number>>;
  readonly close: () => Promise<void>;
}

type Owner = Pick<Side, 'tenant' | 'patientApi'>;

/** Each of the build's retries follows within seconds. */
const CAUGHT_UP_LIMIT_MS = 120_000;
const TOLD_MAX = 5;
const PAGE = 2_000;

interface EndpointState {
  readonly status: string;
  readonly isQuiet: boolean;
}

/** `isQuiet`: everything up to the position was sent, and nothing is left to be sent again. */
const STATE = `
  SELECT status, status = 'ACTIVE' AND cursor >= $2
    AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_endpoint_id = e.webhook_endpoint_id AND d.status = 'PENDING')
    AND NOT EXISTS (SELECT FROM webhook_parked p WHERE p.webhook_endpoint_id = e.webhook_endpoint_id)
    AND NOT EXISTS (SELECT FROM webhook_replays r WHERE r.webhook_endpoint_id = e.webhook_endpoint_id AND r.status = 'RUNNING') AS "isQuiet"
  FROM webhook_endpoints e WHERE webhook_endpoint_id = $1`;

export async function openReceivers(
  stack: Stack,
  owners: readonly Owner[],
  violations: Violations,
  cacheDir: string,
): Promise<Receivers> {
  const started: Receiver[] = [];
  const [first, second] = owners;
  const subscribe = async (
    name: string,
    ordering: 'subject' | 'none',
    { tenant, patientApi: api }: Owner,
  ): Promise<Subscriber> => {
    const receiver = await startReceiver({
      name,
      tenant,
      isOrdered: ordering === 'subject',
      cacheDir,
      violation: (subject, detail) => violations.report('receivers', subject, detail),
    });
    started.push(receiver);
    const { url } = receiver;
    const { webhook_endpoint_id: id, secret, cursor } = await api.webhookEndpoints.create({ url, ordering });
    receiver.expect(secret, cursor);
    return {
      ...receiver,
      tenant,
      endpointId: id,
      status: async () => (await stateOf(stack, id, 0))?.status,
      enable: async () => void (await api.webhookEndpoints.enable(id, { from: 'cursor' })),
      replay: async (from, to) =>
        void (await api.webhookEndpoints.replay(id, { from_position: from, to_position: to })),
    };
  };
  const close = async (): Promise<void> => void (await Promise.all(started.map((each) => each.close())));
  try {
    const receivers = {
      good: await subscribe('good', 'subject', first!),
      frail: await subscribe('frail', 'subject', first!),
      loose: await subscribe('loose', 'none', first!),
      ...(second && { ofSecond: await subscribe(second.tenant, 'subject', second) }),
    };
    const all = Object.values(receivers);
    let comparedTo = 0;
    return {
      ...receivers,
      close,
      tally: () =>
        Object.fromEntries(
          all.flatMap(({ name, counts }) => [
            [`webhooks that the ${name} receiver has accepted`, counts.accepted],
            [`webhooks that the ${name} receiver was sent again`, counts.repeats],
          ]),
        ),
      async verify(signal) {
        const head = await headOf(stack);
        await passOverUnsent(stack, all, { after: comparedTo, head });
        await Promise.all(all.map((each) => verifyArrivals(stack, each, head, violations, signal)));
        await compareWithLog(stack, all, { after: comparedTo, head }, violations);
        comparedTo = head;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function verifyArrivals(
  stack: Stack,
  subscriber: Subscriber,
  head: number,
  violations: Violations,
  signal: AbortSignal,
): Promise<void> {
  if (await catchUp(stack, subscriber, head, signal)) return;
  signal.throwIfAborted();
  const isQuiet = (await stateOf(stack, subscriber.endpointId, head))?.isQuiet === true;
  const why = isQuiet
    ? 'counts as delivered, and never came'
    : `had not come ${CAUGHT_UP_LIMIT_MS / 1_000} s after the last fault`;
  for (const position of subscriber.lacks(head, TOLD_MAX))
    violations.report('receivers', await subjectAt(stack, position), `${subscriber.name}: position ${position} ${why}`);
}

/** Waits until a receiver has everything, or nothing more is to come, or the time is up. Returns whether it has everything. */
async function catchUp(stack: Stack, subscriber: Subscriber, head: number, signal: AbortSignal): Promise<boolean> {
  let hasAll = false;
  await holdsWithin(
    CAUGHT_UP_LIMIT_MS,
    async () => {
      // Read before the look at what has come: what is quiet now sends nothing more.
      const state = await stateOf(stack, subscriber.endpointId, head);
      hasAll = subscriber.hasAll(head);
      if (state?.status === 'DISABLED') await subscriber.enable();
      return hasAll || state?.isQuiet === true;
    },
    signal,
  );
  return hasAll;
}

/** The events of the audit log are sent to nobody who does not name them, and those of a tenant to no other. */
async function passOverUnsent(
  stack: Stack,
  subscribers: readonly Subscriber[],
  { after, head }: { readonly after: number; readonly head: number },
): Promise<void> {
  for (const tenant of new Set(subscribers.map((each) => each.tenant))) {
    const rows = await stack.rows<{ position: number }>(
      'events',
      `SELECT position::int AS position FROM event_log
       WHERE position > $1 AND position <= $2 AND (type LIKE 'audit.%' OR tenant <> $3)`,
      [after, head, tenant],
    );
    const own = subscribers.filter((each) => each.tenant === tenant);
    for (const { position } of rows) for (const { passOver } of own) passOver(position);
  }
}

/** Compares the bodies of a range with the log, and has them forgotten. */
async function compareWithLog(
  stack: Stack,
  subscribers: readonly Subscriber[],
  { after: from, head }: { readonly after: number; readonly head: number },
  violations: Violations,
): Promise<void> {
  for (let after = from; after < head; after += PAGE) {
    const rows = await stack.rows<{ position: number; subject: string; payload: string }>(
      'events',
      `SELECT position::int AS position, subject, payload::text AS payload FROM event_log
       WHERE position > $1 AND position <= $2 ORDER BY position`,
      [after, Math.min(head, after + PAGE)],
    );
    for (const { position, subject, payload } of rows) {
      const digest = digestOf(webhookBody(position, payload));
      for (const { name, digestAt } of subscribers)
        if (![undefined, digest].includes(digestAt(position)))
          violations.report('receivers', subject, `${name}: position ${position} is not what the log has`);
    }
  }
  for (const each of subscribers) each.forget(head);
}

async function headOf(stack: Stack): Promise<number> {
  const rows = await stack.rows<{ head: number }>('events', 'SELECT position::int AS head FROM log_head');
  return rows[0]!.head;
}

async function stateOf(stack: Stack, endpointId: string, head: number): Promise<EndpointState | undefined> {
  return (await stack.rows<EndpointState & Record<string, unknown>>('events', STATE, [endpointId, head]))[0];
}

async function subjectAt(stack: Stack, position: number): Promise<string | undefined> {
  const rows = await stack.rows<{ subject: string }>('events', 'SELECT subject FROM event_log WHERE position = $1', [
    position,
  ]);
  return rows[0]?.subject;
}
