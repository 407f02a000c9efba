/**
 * The stream of events as an async iterable. Whenever it breaks off, it comes back behind the last event, so that what it yields
 * has no gap and no repeat, over restarts of the API too.
 */
import { CounterpoiseError } from './errors.ts';
import { createMessageParser, type Message } from './message-parser.ts';
import { pauseMs } from './retry.ts';
import {
  ATTEMPTS_MAX,
  describeRequest,
  failing,
  failureOf,
  parse,
  REAL,
  RETRY_LIMIT_MS,
  TIMEOUT_MS,
  type ClientOptions,
  type Failure,
  type Surroundings,
} from './transport.ts';
import { ROUTES, type Event } from './wire.ts';

export interface EventStreamOptions {
  /** Begins behind this position; 0 is before the first event. Default: begins with what happens from now on. */
  readonly after?: number;
  /** Only these types. Default: all. */
  readonly types?: readonly string[];
  /** Only events about this wallet or movement. */
  readonly subject?: string;
  /** Ends the stream by throwing the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called when the stream has begun, and each time that it has come back. */
  readonly onOpen?: () => void;
  /** Called each time that the stream breaks off or a try to come back fails; another try follows. */
  readonly onBreak?: (error: CounterpoiseError) => void;
}

/** The server says something every 15 seconds. */
const SILENCE_MS_MAX = 45_000;
/** A connection that has lasted for so long was a good one: the next pause is the shortest again. */
const GOOD_MS = 10_000;

interface Connection {
  readonly body: ReadableStream<Uint8Array>;
  readonly close: () => void;
}

export function createEventStream(options: ClientOptions, { now, random, sleep }: Surroundings = REAL) {
  const { attemptsMax = ATTEMPTS_MAX, retryLimitMs = RETRY_LIMIT_MS } = options;

  /**
   * Yields events in the order of the log, without end; leave the loop or abort the signal to end it. Once it was connected, it
   * comes back however long the API is away; before that, it tries as often as a call does. Throws a CounterpoiseError if no other
   * try can help: `position_expired` (410) if what follows is no longer kept, with `problem.first_position`, the oldest that is.
   */
  return async function* stream(of: EventStreamOptions = {}): AsyncGenerator<Event, void, undefined> {
    const { signal, onOpen, onBreak } = of;
    const startedAtMs = now();
    let wasOpen = false;
    /** Everything up to it was yielded, or is not asked for. */
    let position: number | undefined;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const triedAtMs = now();
      const connection = await connect(options, of, position, attempt, now);
      let failure = 'error' in connection ? connection : undefined;
      if ('body' in connection) {
        wasOpen = true;
        onOpen?.();
        try {
          for await (const message of messagesOf(connection)) {
            const event = message.data === undefined ? undefined : (JSON.parse(message.data) as Event);
            const reached = event?.position ?? Number(message.id);
            if (!(reached > (position ?? -1))) continue;
            position = reached;
            if (event !== undefined) yield event;
          }
          failure = brokenOff('it has ended', attempt);
        } catch (cause) {
          signal?.throwIfAborted();
          failure = brokenOff('it has broken off', attempt, cause);
        } finally {
          connection.close();
        }
        if (now() - triedAtMs >= GOOD_MS) attempt = 1;
      }
      const { error, retryAfterMs } = failure!;
      if (retryAfterMs === undefined) throw error;
      const pause = pauseMs(attempt, retryAfterMs, random);
      const isTooLate = attempt >= attemptsMax || now() + pause - startedAtMs > retryLimitMs;
      if (!wasOpen && isTooLate) throw error;
      onBreak?.(error);
      await sleep(pause, signal);
    }
  };
}

/** Opens the stream behind a position or, as long as there is none, where the caller has said. Throws the reason of the signal. */
async function connect(
  options: ClientOptions,
  { after, types, subject, signal }: EventStreamOptions,
  position: number | undefined,
  attempt: number,
  now: () => number,
): Promise<Connection | Failure> {
  const { fetch: send = fetch, timeoutMs = TIMEOUT_MS } = options;
  const query = { after, types: types?.join(','), subject };
  const request = describeRequest(options, ROUTES.streamEvents, { query }, {});
  const headers = {
    ...request.headers,
    accept: 'text/event-stream, application/problem+json',
    ...(position === undefined ? {} : { 'last-event-id': String(position) }),
  };
  const fail = failing(request, attempt);
  const closing = new AbortController();
  const close = (): void => {
    signal?.removeEventListener('abort', close);
    closing.abort();
  };
  signal?.addEventListener('abort', close, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    close();
  }, timeoutMs);
  try {
    const response = await send(request.url, { method: request.method, headers, signal: closing.signal });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (response.ok && isStream && response.body !== null) return { body: response.body, close };
    const failure = failureOf(response, parse(await response.text()), fail, now());
    close();
    return failure;
  } catch (cause) {
    close();
    signal?.throwIfAborted();
    const error = isLate
      ? fail(`no answer within ${timeoutMs / 1_000} s`, { code: 'timeout', cause })
      : fail('no answer', { code: 'unreachable', cause });
    return { error, retryAfterMs: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/** Throws if the connection breaks, or if nothing comes for too long. */
async function* messagesOf({ body, close }: Connection): AsyncGenerator<Message, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const take = createMessageParser();
  for (;;) {
    const silence = setTimeout(close, SILENCE_MS_MAX);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    yield* take(decoder.decode(value, { stream: true }));
  }
}

function brokenOff(how: string, attempts: number, cause?: unknown): Failure {
  const error = new CounterpoiseError(`the stream of events: ${how}`, { code: 'unreachable', attempts, cause });
  return { error, retryAfterMs: 0 };
}
