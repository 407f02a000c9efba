/**
 * The delivery of webhooks on a running stack: how long after a batch one endpoint has its events, each subject's in their order, and
 * whether an endpoint that nobody answers at delays another one. With and without that one take turns.
 */
import { createClient, type WebhookEndpoint } from '../client/client.ts';
import { percentile } from './closed-loop.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';
import { itemsAmong, moveBatch } from './wallets.ts';
import { apiKey } from './authorization.ts';

/** Of each transfer of a batch: accepted, debited, credited, completed. */
const EVENTS_A_TRANSFER = 4;
const ARRIVAL_LIMIT_MS = 180_000;
/** A port of loopback at which nobody listens. */
const DEAD_URL = 'http://127.0.0.1:9/';

export interface WebhookFigures {
  /** From the end of the batch until all of its events have arrived, in seconds. */
  readonly arrivedSeconds: number;
  /** From an event's time to its arrival, p99, in ms: without a dead endpoint beside it, and with one. */
  readonly lagP99Ms: { readonly alone: number; readonly besideDead: number };
}

export async function measureWebhooks(
  api: string,
  wallets: readonly string[],
  { items, rounds }: { items: number; rounds: number },
): Promise<WebhookFigures> {
  const { webhookEndpoints } = createClient({ baseUrl: api, apiKey: apiKey() });
  const receiver = await startWebhookReceiver();
  const made: string[] = [];
  const make = async (url: string): Promise<WebhookEndpoint['webhook_endpoint_id']> => {
    const { webhook_endpoint_id: id } = await webhookEndpoints.create({ url });
    made.push(id);
    return id;
  };
  const arrived: number[] = [];
  const lags = { alone: [] as number[], besideDead: [] as number[] };
  try {
    await make(receiver.url);
    const dead = await make(DEAD_URL);
    for (let round = 0; round < 2 * rounds; round += 1) {
      const which = round % 2 === 0 ? 'alone' : 'besideDead';
      await webhookEndpoints.update(dead, { status: which === 'alone' ? 'PAUSED' : 'ACTIVE' });
      receiver.reset();
      await moveBatch(api, itemsAmong(wallets, items));
      const endedAt = performance.now();
      await receiver.until(EVENTS_A_TRANSFER * items, ARRIVAL_LIMIT_MS);
      if (which === 'alone') arrived.push((performance.now() - endedAt) / 1_000);
      lags[which].push(...receiver.lagsMs());
    }
  } finally {
    for (const id of made) await webhookEndpoints.delete(id);
    await receiver.close();
  }
  const p99 = (values: readonly number[]): number => percentile(values.toSorted(byValue), 99);
  return {
    arrivedSeconds: percentile(arrived.toSorted(byValue), 50),
    lagP99Ms: { alone: p99(lags.alone), besideDead: p99(lags.besideDead) },
  };
}

function byValue(a: number, b: number): number {
  return a - b;
}
