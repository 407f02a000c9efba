// The command line as a process of its own, as npx starts it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON value that it is. */
  readonly json: <Value = Record<string, unknown>>() => Value;
}

const RUN_LIMIT_MS = 60_000;
const EXECUTABLE = fileURLToPath(new URL('../../bin/counterpoise.js', import.meta.url));

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What starts it, with its flags. Default: the Node of the tests. */
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
