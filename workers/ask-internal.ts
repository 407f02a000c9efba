/**
 * The calls of a worker that runs apart to the internal listener of another service's API: signed with a key that both have
 * (INTERNAL_KEYS), or over TLS with certificates of both (INTERNAL_TLS_*), or both. An answer of anybody else throws.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { SettingsError, type Settings } from '../process/config.ts';
import { ANSWER_SIGNATURE_HEADER, SIGNATURE_HEADER, signCall } from '../process/signed-call.ts';
import { INSTALLATION_HEADER, type Installation } from '../domain/installation.ts';

export interface InternalAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Calls a path, which may have a query; with a body by POST, else by GET. */
export type AskInternal = (path: string, limitMs: number, body?: object) => Promise<InternalAnswer>;

/** An answer is a page of a reconciliation, or the legs of a chunk. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The caller of the API of a service. Without the URL of its internal listener, the public URL of an API of the version before is
 * called, unsigned, which had these paths: for the time of a deploy in which that still runs.
 */
export function askInternal(
  service: 'TRANSFER' | 'WALLET',
  settings: Settings,
  installation: () => Promise<Installation>,
): AskInternal {
  const internalUrl = settings[`${service}_INTERNAL_URL`];
  const baseUrl = internalUrl ?? settings[`${service}_API_URL`];
  if (baseUrl === undefined) throw new SettingsError(`not set: ${service}_INTERNAL_URL`);
  const { INTERNAL_KEYS: keys, INTERNAL_TLS_CA: ca, INTERNAL_TLS_CERT: cert, INTERNAL_TLS_KEY: key } = settings;
  return async (path, limitMs, body) => {
    const url = new URL(path, baseUrl);
    const text = body === undefined ? '' : JSON.stringify(body);
    const method = body === undefined ? 'GET' : 'POST';
    const { installationId } = await installation();
    const call = { method, target: url.pathname + url.search, body: text };
    const signed = internalUrl === undefined || keys === undefined ? undefined : signCall(keys, call);
    const answer = await send(url, {
      method,
      headers: {
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(signed && { [SIGNATURE_HEADER]: signed.signature }),
        [INSTALLATION_HEADER]: installationId,
      },
      text,
      tls: { ca, cert, key },
      signal: AbortSignal.timeout(limitMs),
    });
    signed?.verifyAnswer(answer.status, answer.bytes, answer.signature);
    return { status: answer.status, body: JSON.parse(answer.bytes.toString('utf8')) as unknown };
  };
}

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly text: string;
  readonly tls: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
  readonly signal: AbortSignal;
}

/** By node:https, because fetch takes no certificate of a client. */
async function send(url: URL, { text, tls, ...options }: Sent) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    bytes: Buffer;
    signature: string | undefined;
  }>();
  const own = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  const request = url.protocol === 'https:' ? requestHttps(url, { ...options, ...own }) : requestHttp(url, options);
  request.on('error', reject);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'));
      chunks.push(chunk);
    });
    response.on('error', reject);
    response.on('end', () => {
      const signature = response.headers[ANSWER_SIGNATURE_HEADER];
      resolve({
        status: response.statusCode ?? 0,
        bytes: Buffer.concat(chunks),
        signature: typeof signature === 'string' ? signature : undefined,
      });
    });
  });
  request.end(text);
  return promise;
}
