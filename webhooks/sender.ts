/**
 * The sending of one message to a receiver: a POST over a connection to an address that the guard has judged, no redirects, an end
 * within a bounded time, and no more of the answer than its first KiB. Never throws: each way to fail has a code.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { RETRY_AFTER_MAX_MS } from '../domain/events/retry-schedule.ts';
import { bodyStart } from './answer-start.ts';
import { failureCode, UrlRefused } from './failure-code.ts';
import type { UrlGuard, UrlRefusal } from './url-guard.ts';

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export interface SendResult {
  /** Whether the receiver answered 2xx. */
  readonly isAccepted: boolean;
  /** Undefined if there was no answer. */
  readonly statusCode?: number;
  /** Stable; undefined if it is accepted. */
  readonly errorCode?: string;
  /** The first KiB of the answer, as text. */
  readonly answer?: string;
  readonly retryAfterMs?: number;
  readonly durationMs: number;
}

export interface Connections {
  readonly send: (message: Message, signal?: AbortSignal) => Promise<SendResult>;
  /** Closes the connections that are idle. */
  readonly close: () => void;
}

export interface SenderOptions {
  readonly guard: UrlGuard;
  /** From the resolution of the name to the end of the answer's headers. */
  readonly timeoutMs?: number;
  /** PEM: an authority that is trusted besides the usual ones. */
  readonly authority?: string;
}

const TIMEOUT_MS = 15_000;
/** Receivers close idle connections after five seconds and more. */
const IDLE_MS = 4_000;
const USER_AGENT = 'Counterpoise-Webhooks/1';

/** The connections to one receiver, at most so many at once. Each is to an address that the guard judged when it was opened. */
export function openConnections(
  { guard, timeoutMs = TIMEOUT_MS, authority }: SenderOptions,
  connectionsMax: number,
): Connections {
  const options = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, timeout: IDLE_MS };
  const plain = new http.Agent(options);
  const secure = new https.Agent({ ...options, rejectUnauthorized: true, ...(authority && { ca: authority }) });

  let inspected: Inspected | undefined;

  return {
    async send(message, signal) {
      const startedAt = performance.now();
      // A URL that names an address leads to no look-up, so that nothing later would judge it.
      if (inspected?.text !== message.url) inspected = inspect(message.url);
      const { target } = inspected;
      const outcome =
        target instanceof URL
          ? await exchange({ ...message, target }, signal, true)
          : { isAccepted: false, errorCode: target.code };
      return { ...outcome, durationMs: Math.round(performance.now() - startedAt) };
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };

  function inspect(text: string): Inspected {
    return { text, target: guard.inspect(text) ?? new URL(text) };
  }

  async function exchange(message: Addressed, signal: AbortSignal | undefined, mayRepeat: boolean): Promise<Outcome> {
    const request = open(message);
    let endedBy: string | undefined;
    const end = (code: string): void => {
      endedBy ??= code;
      request.destroy();
    };
    const interrupt = (): void => end('interrupted');
    const timer = setTimeout(end, timeoutMs, 'timeout');
    if (signal?.aborted === true) interrupt();
    signal?.addEventListener('abort', interrupt);
    try {
      return await outcomeOf(await answerTo(request, message.body));
    } catch (error) {
      // The receiver closed an idle connection while this was under way to it: it has not looked at the request.
      if (mayRepeat && request.reusedSocket && endedBy === undefined) return await exchange(message, signal, false);
      return { isAccepted: false, errorCode: endedBy ?? failureCode(error) };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
    }
  }

  function open({ target, headers, body }: Addressed): http.ClientRequest {
    const isSecure = target.protocol === 'https:';
    return (isSecure ? https : http).request(target, {
      method: 'POST',
      agent: isSecure ? secure : plain,
      lookup: judgedLookup(guard, target),
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': USER_AGENT,
      },
    });
  }
}

type Outcome = Omit<SendResult, 'durationMs'>;
type Addressed = Message & { readonly target: URL };

interface Inspected {
  readonly text: string;
  /** Where it leads, or why nothing is sent there. */
  readonly target: URL | UrlRefusal;
}

function answerTo(request: http.ClientRequest, body: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    // An error after the answer's headers, such as a reset while the body is cut short, has nobody to tell.
    request.on('error', reject).on('response', resolve).end(body);
  });
}

async function outcomeOf(response: http.IncomingMessage): Promise<Outcome> {
  const statusCode = response.statusCode!;
  const answer = await bodyStart(response);
  if (statusCode >= 200 && statusCode < 300) return { isAccepted: true, statusCode, answer };
  const retryAfterMs = retryAfter(response.headers['retry-after']);
  return {
    isAccepted: false,
    statusCode,
    errorCode: statusErrorCode(statusCode),
    answer,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function statusErrorCode(statusCode: number): string {
  if (statusCode === 410) return 'gone';
  return statusCode >= 300 && statusCode < 400 ? 'redirected' : 'refused';
}

/** Seconds or a date; anything else counts as none. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,15}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) || ms <= 0 ? undefined : Math.min(ms, RETRY_AFTER_MAX_MS);
}

/** Resolves a name for a connection: once, and to addresses of which each was judged. The connection is made to one of these. */
function judgedLookup(guard: UrlGuard, target: URL): LookupFunction {
  const judged = callbackify(async () => {
    const addresses = await guard.addressesOf(target);
    if ('code' in addresses) throw new UrlRefused(addresses);
    return addresses;
  });
  return (_hostname, { all }, callback) =>
    judged((error: NodeJS.ErrnoException | null, addresses) => {
      if (error !== null) callback(error, '');
      else if (all === true) callback(null, [...addresses]);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
}
