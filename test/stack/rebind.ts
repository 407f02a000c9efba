// Runs `npm run rebind` over the databases of a stopped stack; and the exit code and output of a process.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ANY_PORT } from '../../dev/launched-stack.ts';
import type { TestStack } from './stack.ts';

const LIMIT_MS = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export async function rebind(stack: TestStack, ...flags: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL('../../commands/rebind.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...flags], {
    env: { ...process.env, ...ANY_PORT, DATA_DIR: stack.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return ended(child);
}

export async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })) as [number | null];
  return { code, output };
}
