/**
 * One call of the API: its address, its headers and key, its tries, and its answer or a CounterpoiseError. Every operation is safe
 * to repeat, one that makes a movement by its key, so a call that got no answer is sent again. Needs nothing but `fetch`.
 */
import { CounterpoiseError } from './errors.ts';
import { isPassing, pauseMs, retryAfterMs } from './retry.ts';
import type { Problem } from './wire.ts';

export interface ClientOptions {
  /** The address of the API, such as `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  /** The API key, `cpk_…`, sent with every call. */
  readonly apiKey?: string | undefined;
  /** Sent with every call, for a proxy or a gateway before the API. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The limit of one try, besides the wait that it asks for. Default: 15 000. */
  readonly timeoutMs?: number;
  /** The number of tries of one call, the first included. Default: 6. */
  readonly attemptsMax?: number;
  /** No try starts later than this after the first. Default: 60 000. */
  readonly retryLimitMs?: number;
  /** Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface CallOptions {
  /** Names the movement for ever. Default: a random key, made once per call and sent with each of its tries. */
  readonly idempotencyKey?: string;
  /** Returns once the movement has ended or waits for a person, or after so many seconds: 1 to 60. Default: asks for no wait. */
  readonly waitSeconds?: number;
  /**
   * Called if the key had named the movement before this call. Not called if only a further try learns so: an earlier try, whose
   * answer was lost, may have made the movement.
   */
  readonly onReplayed?: () => void;
  /** Whom the key's principal acts for, for operations that are logged. */
  readonly onBehalfOf?: string;
  /** Ends the call, its pauses included, by throwing the signal's reason. What was sent may still take effect. */
  readonly signal?: AbortSignal;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  /** The headers that the operation knows, in lower case. */
  readonly headers: readonly string[];
}

export interface Input {
  readonly path?: Readonly<Record<string, string | number>> | undefined;
  /** Strings, numbers and booleans by their names, or objects of these. */
  readonly query?: object | undefined;
  readonly body?: unknown;
}

/** The clock, the randomness and the pauses, for tests to replace. */
export interface Surroundings {
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** `retryAfterMs` is there if the same may be tried again, after so long at least. */
export interface Failure {
  readonly error: CounterpoiseError;
  readonly retryAfterMs?: number;
}

type Outcome = { readonly answer: unknown; readonly isReplayed: boolean } | Failure;

/** Longer than the ten seconds that the API waits, unasked, after a capture, a cancel or a resolve. */
export const TIMEOUT_MS = 15_000;
export const ATTEMPTS_MAX = 6;
export const RETRY_LIMIT_MS = 60_000;

export function createTransport(options: ClientOptions, { now, random, sleep }: Surroundings = REAL) {
  const { attemptsMax = ATTEMPTS_MAX, retryLimitMs = RETRY_LIMIT_MS } = options;

  return async (route: Route, input: Input, call: CallOptions): Promise<unknown> => {
    const request = describeRequest(options, route, input, call);
    const startedAtMs = now();
    for (let attempt = 1; ; attempt += 1) {
      call.signal?.throwIfAborted();
      const outcome = await tryOnce(request, attempt, options, call.signal, now);
      if ('answer' in outcome) {
        if (outcome.isReplayed && attempt === 1) call.onReplayed?.();
        return outcome.answer;
      }
      const { error, retryAfterMs: askedMs } = outcome;
      if (askedMs === undefined || attempt >= attemptsMax) throw error;
      const pause = pauseMs(attempt, askedMs, random);
      if (now() + pause - startedAtMs > retryLimitMs) throw error;
      await sleep(pause, call.signal);
    }
  };
}

export interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly waitMs: number;
}

export function describeRequest(options: ClientOptions, route: Route, input: Input, call: CallOptions): Request {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(input.path?.[name] ?? ''));
  const search = new URLSearchParams(queryOf(input.query ?? {})).toString();
  const takes = (header: string): boolean => route.headers.includes(header);
  const idempotencyKey = takes('idempotency-key') ? (call.idempotencyKey ?? crypto.randomUUID()) : undefined;
  const waitSeconds = takes('prefer') ? call.waitSeconds : undefined;
  return {
    url: withoutSlashesAtEnd(options.baseUrl) + path + (search === '' ? '' : `?${search}`),
    method: route.method,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
      ...options.headers,
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
      ...(call.onBehalfOf === undefined || !takes('x-actor') ? {} : { 'x-actor': call.onBehalfOf }),
    },
    body: input.body === undefined ? undefined : JSON.stringify(input.body),
    idempotencyKey,
    waitMs: (waitSeconds ?? 0) * 1_000,
  };
}

/** Without a regular expression, which would look for the end anew at each slash of a row of them. */
function withoutSlashesAtEnd(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

type QueryValues = Readonly<Record<string, string | number | boolean | object | undefined>>;

/** An object becomes `name[key]=value`, OpenAPI's `deepObject`. */
function queryOf(query: object): [string, string][] {
  return Object.entries(query as QueryValues).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    if (typeof value !== 'object') return [[name, String(value)]];
    return queryOf(value).map(([key, inner]) => [`${name}[${key}]`, inner]);
  });
}

/** Sends one try. The outcome has `retryAfterMs` if the call may be tried again. Throws only the reason of the caller's signal. */
async function tryOnce(
  request: Request,
  attempts: number,
  { fetch: send = fetch, timeoutMs = TIMEOUT_MS }: ClientOptions,
  signal: AbortSignal | undefined,
  now: () => number,
): Promise<Outcome> {
  const { url, method, headers, body, waitMs } = request;
  const fail = failing(request, attempts);
  const timeout = AbortSignal.timeout(timeoutMs + waitMs);
  let response: Response;
  let text: string;
  try {
    response = await send(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const error = timeout.aborted
      ? fail(`no answer within ${(timeoutMs + waitMs) / 1_000} s`, { code: 'timeout', cause })
      : fail('no answer', { code: 'unreachable', cause });
    return { error, retryAfterMs: 0 };
  }
  const content = parse(text);
  if (response.ok && (content !== undefined || text === ''))
    return { answer: content, isReplayed: response.headers.get('idempotent-replayed') === 'true' };
  return failureOf(response, content, fail, now());
}

type Fail = (
  message: string,
  details: { code: string; status?: number; problem?: Problem; cause?: unknown },
) => CounterpoiseError;

/** Makes the errors of one try. */
export function failing({ method, url, idempotencyKey }: Request, attempts: number): Fail {
  return (message, details) =>
    new CounterpoiseError(`${method} ${url}: ${message}`, { ...details, idempotencyKey, attempts });
}

/** The failure that an answer says. `content` is its body, as far as that is JSON. */
export function failureOf({ status, headers }: Response, content: unknown, fail: Fail, nowMs: number): Failure {
  const problem = isProblem(content) ? content : undefined;
  const error =
    problem === undefined
      ? fail(`answered ${status} without problem details`, { code: 'unexpected_answer', status })
      : fail(problem.detail ?? problem.title, { code: problem.code, status, problem });
  return isPassing(status) ? { error, retryAfterMs: retryAfterMs(headers.get('retry-after'), nowMs) } : { error };
}

function isProblem(content: unknown): content is Problem {
  return typeof content === 'object' && content !== null && 'code' in content && typeof content.code === 'string';
}

/** Undefined if the text is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const REAL: Surroundings = {
  now: () => performance.timeOrigin + performance.now(),
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    }),
};
