// Runs the command line as a process of its own, as npx starts it, and starts a fake API for it.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Parses standard output, which must be one JSON value. */
  readonly json: <Value = Record<string, unknown>>() => Value;
}

const RUN_LIMIT_MS = 60_000;
export const EXECUTABLE = fileURLToPath(new URL('../../bin/counterpoise.js', import.meta.url));

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The program that runs it, with its flags; by default the Node of the tests. */
  readonly node?: readonly [string, ...string[]];
}

export async function runCounterpoise(
  args: readonly string[],
  { env = {}, node: [node, ...flags] = [process.execPath] }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      node,
      [...flags, EXECUTABLE, ...args],
      { env: { ...process.env, ...env }, timeout: RUN_LIMIT_MS },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr, json: () => JSON.parse(stdout) as never }),
    );
  });
}

export interface Received {
  /** Method and path, such as `GET /v1/cases`. */
  readonly route: string;
  readonly query: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Starts a fake API that answers each request with the status and the body that `answer` returns. */
export async function startFakeApi(
  answer: (received: Received) => readonly [status: number, body: object, headers?: Readonly<Record<string, string>>],
): Promise<{ readonly server: Server; readonly env: Record<string, string> }> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const [path, query] = request.url!.split('?');
      const route = `${request.method} ${path}`;
      const [status, content, more = {}] = answer({
        route,
        query,
        headers: request.headers,
        body: body && JSON.parse(body),
      });
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(content));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, env: { COUNTERPOISE_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } };
}

export function problem(status: number, code: string, members: object = {}): readonly [number, object] {
  return [status, { type: 't', title: 'T', status, code, request_id: 'r', ...members }];
}
