/**
 * The traces of a process on their way out, by OTLP over HTTP. Spans wait in a queue that is bounded and are sent in the background:
 * a receiver that is down, slow or frozen delays nothing and costs no more than that queue, and its spans are lost.
 * Ids are not drawn where they follow from what is known anyway: see `contextOf`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomUUID } from 'node:crypto';
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type IdGenerator,
} from '@opentelemetry/sdk-trace';
import manifest from '../package.json' with { type: 'json' };
import type { TraceContext } from '../domain/trace-context.ts';
import type { Settings } from './config.ts';
import { within } from './deadline.ts';
import type { Logger } from './telemetry.ts';
import { errorTypeOf, type OpenSpan, type SpanPlace, type Tracing } from './traces.ts';

/** Of one process: some 3 MB. What comes while that many wait is lost. */
const WAITING_MAX = 2_048;
const SENT_AT_ONCE_MAX = 512;
const SENT_EVERY_MS = 1_000;
/** One batch is under way at a time, and is given up after this. */
const SEND_LIMIT_MS = 5_000;
/** A process that stops sends what it has, but waits no longer for it. */
const STOP_LIMIT_MS = 1_000;
const WARN_EVERY_MS = 60_000;
const WARNING_LENGTH_MAX = 300;
const SPAN_LIMITS = { attributeValueLengthLimit: 256, attributeCountLimit: 32, linkCountLimit: 500 };

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
} as const;

export interface RunningTraces {
  readonly tracing: Tracing;
  readonly stop: () => Promise<void>;
}

export type TraceSettings = Pick<Settings, 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_TRACES_SAMPLER_ARG'>;

export function startTraces(endpoint: string, settings: TraceSettings, service: string, logger: Logger): RunningTraces {
  warnThrough(logger);
  const ratio = new TraceIdRatioBasedSampler(settings.OTEL_TRACES_SAMPLER_ARG);
  const ids = new GivenIds();
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: ratio }),
    idGenerator: ids,
    spanLimits: SPAN_LIMITS,
    resource: resourceFromAttributes({
      'service.name': `counterpoise-${service}`,
      'service.version': manifest.version,
      'service.instance.id': randomUUID(),
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
          headers: settings.OTEL_EXPORTER_OTLP_HEADERS ?? {},
          timeoutMillis: SEND_LIMIT_MS,
          concurrencyLimit: Math.ceil(WAITING_MAX / SENT_AT_ONCE_MAX) + 1,
        }),
        maxQueueSize: WAITING_MAX,
        maxExportBatchSize: SENT_AT_ONCE_MAX,
        scheduledDelayMillis: SENT_EVERY_MS,
        exportTimeoutMillis: SEND_LIMIT_MS + 1_000,
      }),
    ],
  });
  return {
    tracing: createTracing(provider, ids, ratio),
    async stop() {
      await within(STOP_LIMIT_MS, provider.shutdown()).catch(() => {});
      diag.disable();
    },
  };
}

function createTracing(provider: TracerProvider, ids: GivenIds, ratio: TraceIdRatioBasedSampler): Tracing {
  const tracer = provider.getTracer('counterpoise', manifest.version);
  const active = new AsyncLocalStorage<Context | undefined>();

  const isKept = (traceId: string): boolean =>
    ratio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;

  /** Starts a span where it belongs; undefined if it belongs nowhere. */
  const open = (
    place: SpanPlace,
    name: string,
    options: Parameters<typeof tracer.startSpan>[1],
  ): Opened | undefined => {
    const start = (below: Context, given?: Ids): Opened => {
      const span = ids.give(given, () => tracer.startSpan(name, options, below));
      return { span, context: trace.setSpan(below, span) };
    };
    if (place === 'active') {
      const below = active.getStore();
      return below && start(below);
    }
    if ('workflow' in place) return start(ROOT_CONTEXT, { traceId: idsOf(place.workflow).traceId });
    if ('within' in place) return start(trace.setSpanContext(ROOT_CONTEXT, contextOf(place.within, isKept)));
    const asked = given(place.request.traceparent);
    return asked === undefined
      ? start(ROOT_CONTEXT, idsOf(place.request.requestId))
      : start(trace.setSpanContext(ROOT_CONTEXT, asked));
  };

  return {
    async run({ name, kind, place, attributes = {}, links = [], leadsTo }, run) {
      // Most requests are not kept: what is below an unkept span needs none of its own.
      const above = place === 'active' ? active.getStore() : undefined;
      const unkept = above && trace.getSpan(above);
      if (unkept?.isRecording() === false) return run(openSpan(unkept));
      const opened = open(place, name, {
        kind: KINDS[kind],
        attributes,
        links: [
          ...links.map((context) => ({ context: contextOf(context, isKept) })),
          ...(leadsTo === undefined ? [] : [{ context: { ...idsOf(leadsTo), traceFlags: TraceFlags.SAMPLED } }]),
        ],
      });
      if (opened === undefined) return run(openSpan(undefined));
      const { span, context } = opened;
      const own = openSpan(span);
      try {
        return await active.run(context, () => run(own));
      } catch (error) {
        own.fail(errorTypeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    outside: (run) => active.run(undefined, run),
    traceparentOf: (context) => textOf(contextOf(context, isKept)),
    traceId() {
      const context = active.getStore();
      return context && trace.getSpanContext(context)?.traceId;
    },
  };
}

interface Opened {
  readonly span: Span;
  readonly context: Context;
}

function openSpan(span: Span | undefined): OpenSpan {
  return {
    traceparent: span && textOf(span.spanContext()),
    set: (attributes) => void span?.setAttributes(attributes),
    rename: (name) => void span?.updateName(name),
    fail(errorType) {
      span?.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
    },
  };
}

interface Ids {
  readonly traceId: string;
  readonly spanId?: string;
}

/** The ids that belong to a request's or a workflow's id: whoever knows that one knows these. */
function idsOf(id: string): Required<Ids> {
  const digest = createHash('sha256').update(`trace/${id}`).digest('hex');
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}

/**
 * The span of the request that has this context. With a traceparent, it is named there; else its ids follow from the request's id, and
 * whether the trace is kept follows from them.
 */
function contextOf({ requestId, traceparent }: TraceContext, isKept: (traceId: string) => boolean): SpanContext {
  const named = given(traceparent);
  if (named !== undefined) return named;
  const ids = idsOf(requestId);
  return { ...ids, traceFlags: isKept(ids.traceId) ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

function given(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined) return undefined;
  return { traceId, spanId: spanId!, traceFlags: parseInt(flags!, 16) & TraceFlags.SAMPLED, isRemote: true };
}

function textOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
}

/** Draws ids, but for the span that is given some. */
class GivenIds implements IdGenerator {
  #given: Ids | undefined;
  readonly #drawn = new RandomIdGenerator();

  give<T>(given: Ids | undefined, start: () => T): T {
    this.#given = given;
    try {
      return start();
    } finally {
      this.#given = undefined;
    }
  }

  generateTraceId(): string {
    return this.#given?.traceId ?? this.#drawn.generateTraceId();
  }

  generateSpanId(): string {
    return this.#given?.spanId ?? this.#drawn.generateSpanId();
  }
}

/** What the library has to say, such as that spans were lost, is said at most once a minute. */
function warnThrough(logger: Logger): void {
  let warnedAt = -Infinity;
  const warn = (...said: unknown[]): void => {
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    logger.warn({ reason: said.map(String).join(' ').slice(0, WARNING_LENGTH_MAX) }, 'traces are not sent, or not all');
  };
  diag.setLogger({ error: warn, warn, info: warn, debug() {}, verbose() {} }, { logLevel: DiagLogLevel.INFO });
}
