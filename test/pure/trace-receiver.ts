// What a receiver of traces is sent, by OTLP/JSON.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}
type SentSpan = Omit<ReceivedSpan, 'service' | 'attributes' | 'links'> & {
  readonly attributes: readonly Attribute[];
  readonly links?: ReceivedSpan['links'];
};
interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface TraceReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Headers of the requests. */
  readonly headers: Record<string, unknown>[];
  /** While true, it takes requests and never answers. */
  isFrozen: boolean;
  readonly close: () => void;
}

export async function startTraceReceiver(isFrozen = false): Promise<TraceReceiver> {
  const server = createServer((request, response) => {
    receiver.headers.push(request.headers);
    if (receiver.isFrozen) return;
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of (body as Sent).resourceSpans)
        for (const span of scopeSpans.flatMap(({ spans }) => spans))
          receiver.spans.push({
            ...{ ...span, links: span.links ?? [] },
            attributes: valuesOf(span.attributes),
            service: String(valuesOf(resource.attributes)['service.name']),
          });
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: TraceReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ spans: [], headers: [], isFrozen },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
