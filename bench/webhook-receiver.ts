/** A receiver of webhooks on loopback that accepts everything at once, and knows when each event arrived first. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;
const PREFIX = 'evt_';

export interface WebhookReceiver {
  readonly url: string;
  /** Forgets what has arrived. */
  readonly reset: () => void;
  /** Resolves once so many events have arrived since the reset. Throws after the limit. */
  readonly until: (count: number, limitMs: number) => Promise<void>;
  /** From each event's own time to its first arrival, in ms. */
  readonly lagsMs: () => number[];
  readonly close: () => Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const lags = new Map<number, number>();
  const server = createServer((request, response) => {
    const position = Number(String(request.headers['webhook-id']).slice(PREFIX.length));
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      response.writeHead(204).end();
      if (!lags.has(position)) lags.set(position, Date.now() - Date.parse((JSON.parse(body) as { time: string }).time));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    reset: () => lags.clear(),
    async until(count, limitMs) {
      for (const endsAt = performance.now() + limitMs; lags.size < count; await sleep(LOOK_MS))
        if (performance.now() > endsAt) throw new Error(`${lags.size} of ${count} events have arrived`);
    },
    lagsMs: () => [...lags.values()],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
