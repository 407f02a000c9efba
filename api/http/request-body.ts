/**
 * The reading of a JSON body, in the order in which a refusal is cheapest: its type, its size, its encoding, its syntax, its
 * characters. A body that passes is JSON text that PostgreSQL can store; the route's schema judges the rest.
 */
import { Readable } from 'node:stream';
import type { Context, MiddlewareHandler } from 'hono';
import { faultyRequest, ProblemError, type Fault } from './problem.ts';
import type { ApiEnv } from './env.ts';
import { bodyFault } from './validation.ts';

const BODY_BYTES_MAX = 1024 * 1024;
/**
 * A body of up to this size reserves its room at once: as many of these as there can be connections fit into the room for bodies.
 */
const SMALL_BYTES_MAX = 16 * 1024;

/**
 * Members of objects and items of arrays, at any depth: a byte or two may be a value, and each costs far more than its bytes. Ten
 * thousand items of a batch have sixty thousand.
 */
const VALUES_MAX = 100_000;

/** The middleware of a route with a JSON body. Runs before the route's validators, which find the bytes read here. */
export function readJsonUpTo(bytesMax: number): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (hasNoBody(c)) refuseNoBody(c);
    refuseOtherKinds(c);
    judge(await readBytes(c, bytesMax));
    await next();
  };
}

export const readJson = readJsonUpTo(BODY_BYTES_MAX);

/** The middleware of a route whose body may be left out: a missing or empty body is read as `{}`. */
export const readJsonOrNothing: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (hasNoBody(c) || (isInChunks(c) && !(await hasBytes(c)))) giveEmptyObject(c);
  else if (isInChunks(c)) judge(await c.req.arrayBuffer());
  else return readJson(c, next);
  await next();
};

function giveEmptyObject(c: Context<ApiEnv>): void {
  const headers = new Headers(c.req.raw.headers);
  headers.set('content-type', 'application/json');
  headers.delete('content-length');
  headers.delete('content-encoding');
  const { url, method, signal } = c.req.raw;
  c.req.raw = new Request(url, { method, headers, body: '{}', signal });
  c.req.bodyCache = {};
}

function isInChunks(c: Context<ApiEnv>): boolean {
  return c.req.header('content-length') === undefined;
}

/**
 * Whether a body in chunks has any bytes, which is known once the first arrive or the body ends. If its type or encoding is
 * refused, the first bytes refuse it; any other body is read as a whole.
 */
async function hasBytes(c: Context<ApiEnv>): Promise<boolean> {
  if (!isOfOtherKind(c)) return (await readBytes(c)).byteLength > 0;
  try {
    for await (const chunk of chunksOf(c)) if (chunk.length > 0) refuseOtherKinds(c);
    return false;
  } catch (error) {
    throw cutShort(error);
  }
}

/** A request from a socket has a body if it has a Content-Length or a Transfer-Encoding (RFC 9112, section 6.3). */
function hasNoBody(c: Context<ApiEnv>): boolean {
  const length = c.req.header('content-length');
  if (length === '0') return true;
  return incomingOf(c) === undefined
    ? c.req.raw.body === null
    : length === undefined && c.req.header('transfer-encoding') === undefined;
}

function judge(bytes: ArrayBuffer): void {
  const faults = textFaults(parse(bytes));
  if (faults !== undefined) throw faultyRequest(faults);
}

/** Returns the body; throws if it is too large, without reading it to its end, or if there is no room for it. */
export async function readBytes(c: Context<ApiEnv>, bytesMax = BODY_BYTES_MAX): Promise<ArrayBuffer> {
  // NaN without a Content-Length.
  const length = Number(c.req.header('content-length'));
  if (length > bytesMax) throw tooLarge(bytesMax);
  try {
    if (length <= SMALL_BYTES_MAX) c.var.slot.reserveBody(length);
    else await readReserving(c, bytesMax);
    return await c.req.arrayBuffer();
  } catch (error) {
    throw cutShort(error);
  }
}

/** The error of a failed read. If it is no refusal, the client went away while it sent, so nobody reads the answer. */
function cutShort(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  return new ProblemError('bad_request', { detail: 'The body ended before it was complete.' });
}

/**
 * Reserves room as the bytes arrive, so that a body that is only announced keeps no other out. The bytes are gathered in one
 * buffer, because a client may send each of them in a chunk of its own.
 */
async function readReserving(c: Context<ApiEnv>, bytesMax: number): Promise<void> {
  let bytes = new Uint8Array(SMALL_BYTES_MAX);
  let length = 0;
  for await (const chunk of chunksOf(c)) {
    if (length + chunk.length > bytesMax) throw tooLarge(bytesMax);
    c.var.slot.reserveBody(chunk.length);
    if (length + chunk.length > bytes.length) {
      const larger = new Uint8Array(Math.min(2 * (length + chunk.length), bytesMax));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  const { url, method, headers, signal } = c.req.raw;
  c.req.raw = new Request(url, { method, headers, body: bytes.subarray(0, length), signal });
}

/**
 * The chunks of the body, from the socket's own stream if there is one: it returns at once all that has arrived, where a web stream
 * would wait for each chunk. Ending the loop early does not close the stream: the connection would close before a refusal is sent.
 */
function chunksOf(c: Context<ApiEnv>): AsyncIterable<Uint8Array> {
  const incoming = incomingOf(c);
  if (incoming !== undefined) return incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  return c.req.raw.body?.values({ preventCancel: true }) ?? Readable.from([]);
}

function incomingOf(c: Context<ApiEnv>): Readable | undefined {
  const { incoming } = (c.env as ApiEnv['Bindings'] | undefined) ?? {};
  return incoming instanceof Readable ? incoming : undefined;
}

function tooLarge(bytesMax: number): ProblemError {
  return new ProblemError('body_too_large', { detail: `A body may have at most ${bytesMax} bytes.` });
}

/** Without a body, its type is refused as any other is, but the detail says what is missing. */
function refuseNoBody(c: Context<ApiEnv>): void {
  if (isJson(c.req.header('content-type'))) throw new ProblemError('invalid_json', { detail: 'A body is required.' });
  const detail = 'A body is required: send JSON, with Content-Type: application/json.';
  throw new ProblemError('unsupported_media_type', { detail });
}

function refuseOtherKinds(c: Context<ApiEnv>): void {
  if (!isJson(c.req.header('content-type')))
    throw new ProblemError('unsupported_media_type', { detail: 'Send Content-Type: application/json.' });
  if (!isIdentity(c.req.header('content-encoding')))
    throw new ProblemError('unsupported_media_type', { detail: 'Send the body without a Content-Encoding.' });
}

function isOfOtherKind(c: Context<ApiEnv>): boolean {
  return !isJson(c.req.header('content-type')) || !isIdentity(c.req.header('content-encoding'));
}

function isJson(contentType: string | undefined): boolean {
  const [type, ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  return (
    type === 'application/json' &&
    parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter))
  );
}

function isIdentity(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || contentEncoding.trim().toLowerCase() === 'identity';
}

function parse(bytes: ArrayBuffer): Parsed {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError('invalid_utf8');
  }
  const { values, members } = countOf(text);
  if (values > VALUES_MAX) {
    const detail = `A body may have ${VALUES_MAX} values.`;
    throw faultyRequest([{ pointer: '', code: 'body_invalid', detail }]);
  }
  try {
    return { body: JSON.parse(text), members };
  } catch {
    const detail = 'Send one JSON value: names and texts in double quotes, and no comma behind the last member.';
    throw new ProblemError('invalid_json', { detail });
  }
}

const [QUOTE, BACKSLASH, COMMA, COLON, BRACKET, BRACE] = Array.from('"\\,:[{', (character) => character.charCodeAt(0));

interface Parsed {
  readonly body: unknown;
  /** How many members its objects have, as they are written. */
  readonly members: number;
}

/**
 * Counts, outside of strings, the characters that begin or separate values, and those that make a member: cheap, unlike parsing.
 */
function countOf(text: string): { values: number; members: number } {
  let [values, members] = [0, 0];
  let isString = false;
  for (let at = 0; at < text.length && values <= VALUES_MAX; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) isString = !isString;
    else if (isString && unit === BACKSLASH) at += 1;
    else if (isString) continue;
    else if (unit === COLON) members += 1;
    else if (unit === COMMA || unit === BRACKET || unit === BRACE) values += 1;
  }
  return { values, members };
}

/**
 * Returns the first fault in the text of a body. No recursion, because a body may be nested as deep as it has values. Of two
 * members with one name, some readers take the first and others the last (RFC 8259, section 4), so two readers would see two
 * amounts. The parser has dropped one of the two, which the count of members shows.
 */
function textFaults({ body, members }: Parsed): [Fault] | undefined {
  let read = 0;
  const pending: { readonly value: unknown; readonly at: Place | undefined }[] = [{ value: body, at: undefined }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, at } = next;
    if (typeof value === 'string' && !isStorable(value)) return [bodyFault('text_invalid', pathOf(at))];
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, member] of Object.entries(value)) {
      const place = { key, within: at };
      if (!Array.isArray(value)) read += 1;
      // In an object literal or a copy, this key would set the prototype.
      if (key === '__proto__') return [bodyFault('name_reserved', pathOf(place))];
      if (!isStorable(key)) return [bodyFault('text_invalid', pathOf(at))];
      pending.push({ value: member, at: place });
    }
  }
  if (read < members)
    throw new ProblemError('name_repeated', { detail: 'An object has two members of the same name.' });
  return undefined;
}

interface Place {
  readonly key: string;
  readonly within: Place | undefined;
}

const DEPTH_SHOWN_MAX = 20;

function pathOf(place: Place | undefined): string[] {
  const path: string[] = [];
  for (let at = place; at !== undefined; at = at.within) path.push(at.key);
  return path.reverse().slice(0, DEPTH_SHOWN_MAX);
}

/** Whether PostgreSQL can store a string: it has no NUL, and no half of a surrogate pair, which UTF-8 cannot encode. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
