/**
 * A worker of another installation that connects to this stack's Temporal, as in a staging environment with production's address.
 * It would take this stack's tasks and carry them out in its own databases. It must end by itself, say why, and move nothing.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { spawnTethered } from '../dev/tether.ts';
import type { FaultKind, Stage } from './fault.ts';
import { foreignInstallation, type ForeignInstallation } from './foreign-installation.ts';
import { holdsWithin, pause } from './pause.ts';
import { environmentOf, fileOf, type WorkerName } from './spare-worker.ts';

/** The limit for it to start, to compare the namespace, and to end, on a busy machine. */
const END_LIMIT_MS = 60_000;
/** A polling worker compares the namespace once a second, so it has ended by then. */
const POLLS_LIMIT_MS = 5_000;
const TRIES_MAX = 5;
const TRY_AGAIN_MS = 2_000;
const WORKERS: readonly [WorkerName, ...WorkerName[]] = ['worker-wallet-0', 'worker-wallet-1', 'worker-transfer'];
const REFUSAL = 'InstallationError';

export const foreignWorker: FaultKind = {
  kind: 'worker of another installation',
  weight: 1,
  draw: (draws) => {
    const name = draws.from(WORKERS, 'operation');
    return {
      name: `${name} of another installation`,
      kind: 'worker of another installation',
      lastsMs: 8_000,
      strike: (stage, signal) => lead(stage, signal, name),
    };
  },
};

async function lead(stage: Stage, signal: AbortSignal, name: WorkerName): Promise<void> {
  const { stack, log, met, violation } = stage;
  for (let n = 0; n < TRIES_MAX && !signal.aborted; n += 1) {
    let reason: unknown;
    const foreign = await foreignInstallation(stack).catch((error: unknown) => void (reason = error));
    const end = foreign ? await run(stage, signal, name, foreign) : `its installation could not be made: ${reason}`;
    if (end === 'refused') met('workers of another installation that ended by themselves', 1);
    else log(end);
    if (foreign) {
      const written = await foreign.written().catch(() => []);
      if (written.length > 0) violation(`it has moved something: ${written.join(', ')}`);
    }
    if (end === 'refused' || end === POLLS) return;
    // Another fault has kept it from comparing.
    await pause(TRY_AGAIN_MS, signal);
  }
}

const POLLS = 'it polls';

/** `refused`: the worker has ended, as it must. */
async function run(
  { stack, violation }: Stage,
  signal: AbortSignal,
  name: WorkerName,
  { databases }: ForeignInstallation,
): Promise<string> {
  const child = spawnTethered(process.execPath, [join(stack.build.directory, fileOf(name))], {
    env: environmentOf(stack, name, databases),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const closed = once(child, 'close') as Promise<[number | null]>;
  let code: number | null | undefined;
  void closed.then(([ended]) => {
    code = ended;
  });
  const hasEnded = (): boolean => code !== undefined;
  const polls = (): boolean => output.includes('"worker started"');
  try {
    const isOver = await holdsWithin(END_LIMIT_MS, () => hasEnded() || polls(), signal);
    if (polls() && !(await holdsWithin(POLLS_LIMIT_MS, hasEnded, signal))) {
      violation(`it polls ${POLLS_LIMIT_MS / 1_000} s after its start`);
      return POLLS;
    }
    if (!isOver && signal.aborted) return 'the run has ended before it';
    if (!isOver) violation(`it has not ended ${END_LIMIT_MS / 1_000} s after its start`);
    return code === 1 && output.includes(REFUSAL) ? 'refused' : `it ended with ${code}: ${output.slice(-300).trim()}`;
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}
