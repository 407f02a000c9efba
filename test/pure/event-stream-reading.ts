// A reader of streams of events, by the parser of another project; and an API to read from: on a real socket, over a log in memory.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { createParser } from 'eventsource-parser';
import { pino } from 'pino';
import { createEventStreams, type EventStreams, type EventStreamsDeps } from '../../api/events/event-streams.ts';
import type { Authentication } from '../../api/http/authenticate.ts';
import { serveHttp, type HttpServer } from '../../api/http/serve-http.ts';
import { until } from '../../dev/launched-stack.ts';
import { testApp, type Problem } from './api-fakes.ts';
import { createFakeLog, type FakeLog } from './fake-log.ts';

/** Some seconds, or minutes on a busy machine. */
const LIMIT_MS = 240_000;

interface StreamingOptions extends Partial<Pick<EventStreamsDeps, 'streamsMax' | 'heartbeatMs' | 'stallLimitMs'>> {
  readonly requestsMax?: number;
  /** Default: nobody is asked for a key. */
  readonly authentication?: Authentication;
  /** Default: a new one. */
  readonly log?: FakeLog;
  /** Default: any free one. */
  readonly port?: number;
}

export interface StreamingApi extends HttpServer, AsyncDisposable {
  readonly log: FakeLog;
  readonly streams: EventStreams;
  /** The address of the stream, with this query. */
  readonly path: (query?: string) => string;
}

/** An API on loopback, which streams a log in memory. */
export async function startStreamingApi({
  requestsMax = 1_000,
  log = createFakeLog(),
  port = 0,
  authentication = 'off',
  ...options
}: StreamingOptions = {}): Promise<StreamingApi> {
  const draining = new AbortController();
  const logger = pino({ level: 'silent' });
  const { database } = log;
  const streams = createEventStreams({ database, streamsMax: 1_000, logger, draining: draining.signal, ...options });
  const bounds = { requestsMax, waitersMax: 1, settlementsMax: 1, bodyBytesMax: 1_000_000 };
  const { app } = testApp({ log: logger, bounds, authentication, eventsDatabase: database, eventStreams: streams });
  const server = await serveHttp({ fetch: app.fetch, host: '127.0.0.1', port, draining });
  const { url, stop } = server;
  return {
    url,
    stop,
    log,
    streams,
    path: (query = '') => `${url}/v1/events/stream${query}`,
    [Symbol.asyncDispose]: stop,
  };
}

export interface Reading {
  readonly response: Response;
  /** The id of each event so far. */
  readonly ids: number[];
  readonly text: () => string;
  /** Resolves when so many events have come. */
  readonly until: (count: number) => Promise<void>;
  /** Resolves when the server ends the stream; rejects if it breaks off. */
  readonly ended: Promise<void>;
  readonly leave: () => void;
}

export async function readStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reading> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  if (response.status !== 200) assert.fail(await response.text());
  const ids: number[] = [];
  let text = '';
  const parser = createParser({ onEvent: ({ id }) => void ids.push(Number(id)) });
  const readAll = async (): Promise<void> => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      parser.feed(chunk);
    }
  };
  const ended = readAll();
  ended.catch(() => {});
  return {
    response,
    ids,
    text: () => text,
    until: (count) => until(LIMIT_MS, `${count} events have not come`, () => ids.length >= count),
    ended,
    leave: () => leaving.abort(),
  };
}

/** The problem with which a request is answered. By node:http, which sends the headers of a browser, and any Host. */
export async function refusal(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Problem> {
  const { promise, resolve, reject } = Promise.withResolvers<Problem>();
  request(url, { headers, agent: false }, (response) => {
    if (response.headers['content-type'] !== 'application/problem+json') {
      response.destroy();
      reject(new Error(`answered ${response.statusCode}`));
    } else void json(response).then((body) => resolve(body as Problem), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
