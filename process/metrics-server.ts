/**
 * The metrics of a process over HTTP: GET /metrics, in Prometheus' text format, on a listener of its own. Without METRICS_PORT
 * nothing listens. What Temporal's SDK counts by itself follows in the same text.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Settings } from './config.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Logger } from './telemetry.ts';

export interface MetricsServer {
  readonly metrics: Metrics;
  /** Where it listens. */
  readonly url: string;
  /** Has the answers end with the text at this address, without the lines that `omitted` matches, which has the flags g and m. */
  readonly append: (url: string, omitted: RegExp) => void;
  readonly stop: () => Promise<void>;
}

interface Appended {
  readonly from: string;
  readonly omitted: RegExp;
}

/** The SDK renders its text within milliseconds. */
const APPENDED_LIMIT_MS = 1_000;
const REQUEST_LIMIT_MS = 5_000;
const CONNECTIONS_MAX = 16;

/** Undefined without METRICS_PORT. Throws if it cannot listen. */
export async function serveMetrics(
  { METRICS_PORT: port, METRICS_HOST: host }: Pick<Settings, 'METRICS_PORT' | 'METRICS_HOST'>,
  logger: Logger,
): Promise<MetricsServer | undefined> {
  if (port === undefined) return undefined;
  const metrics = createMetrics();
  const appended: Appended[] = [];
  const server = createServer(
    { requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS },
    (asked, answer) => {
      // Not as a URL: parsing throws for some paths, and an exception here would end the process.
      const [path] = (asked.url ?? '').split('?');
      if (path !== '/metrics') return void answer.writeHead(404).end();
      if (asked.method !== 'GET' && asked.method !== 'HEAD')
        return void answer.writeHead(405, { Allow: 'GET, HEAD' }).end();
      render(metrics, appended).then(
        (text) => answer.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text),
        (error: unknown) => {
          logger.warn({ err: error }, 'the metrics could not be rendered');
          answer.writeHead(500).end();
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(port, host);
  await once(server, 'listening');
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/metrics`;
  logger.info({ url }, 'the metrics are served');
  return {
    metrics,
    url,
    append: (from, omitted) => void appended.push({ from, omitted }),
    stop: () => close(server),
  };
}

async function render({ registry }: Metrics, appended: readonly Appended[]): Promise<string> {
  const texts = await Promise.all([registry.metrics(), ...appended.map(read)]);
  return texts.map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('');
}

/** Empty if there is no answer in time: the rest is worth more without it than not at all. */
async function read({ from, omitted }: Appended): Promise<string> {
  try {
    const response = await fetch(from, { signal: AbortSignal.timeout(APPENDED_LIMIT_MS) });
    return response.ok ? (await response.text()).replace(omitted, '') : '';
  } catch {
    return '';
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
