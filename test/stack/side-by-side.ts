// Processes of this version beside a stack's own, on its databases and its Temporal, as a deploy starts new processes before it
// stops the old ones.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { hasEnded } from '../../dev/launched-stack.ts';
import { spawnTethered } from '../../dev/tether.ts';
import { until } from './stack.ts';

const START_LIMIT_MS = 180_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ProgramBeside {
  readonly pid: number;
  /** Everything that the process has printed. */
  readonly output: () => string;
  readonly hasEnded: () => boolean;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<void>;
}

export function startProgramBeside(file: string, settings: Record<string, string>): ProgramBeside {
  const child = spawnTethered(process.execPath, [join(ROOT, file)], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) createInterface(stream).on('line', (line) => output.push(line));
  return {
    pid: child.pid!,
    output: () => output.join('\n'),
    hasEnded: () => hasEnded(child),
    ended: codeOf(child),
    async stop() {
      child.kill('SIGTERM');
      await codeOf(child);
    },
  };
}

/** Returns once a worker polls; throws with its output if it ends before. */
export async function untilPolling(worker: ProgramBeside): Promise<void> {
  const works = (): boolean => worker.output().includes('"worker started"') || worker.hasEnded();
  await until(START_LIMIT_MS, 'a worker does not start', works);
  if (worker.hasEnded()) throw new Error(worker.output());
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  if (!hasEnded(child)) await once(child, 'exit');
  return child.exitCode;
}
