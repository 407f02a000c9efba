/**
 * A deploy while movements are under way: the transfer worker is stopped and started with a second version of the workflow code,
 * whose new commands are guarded by `patched`, and later with a third version, which behaves like the first except for runs that
 * the second has marked. Runs that one version has begun are continued by the others.
 */
import type { Build, Edit } from './build.ts';
import type { FaultKind, Stage } from './fault.ts';
import { pause } from './pause.ts';
import { inTurn } from './turns.ts';

const RESPAWN_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 60_000;
const COUNT_LIMIT_MS = 3_000;
const TIMER = 'await deployed.CancellationScope.nonCancellable(() => deployed.sleep(1));';
const IMPORT = `import * as deployed from '@temporalio/workflow';`;
/** New commands of the second version: a timer before a movement begins, and one before it is settled. */
const LEAVING = `} finally {\n    requests.phase = 'leaving';`;
const PLACES: readonly { readonly file: string; readonly find: string; readonly lastImport: string }[] = [
  {
    file: 'workflows/transfer/course.ts',
    find: `requests.phase = 'open';`,
    lastImport: `import { receiveRequests, type Requests } from './requests.ts';`,
  },
  {
    file: 'workflows/transfer/direct.ts',
    find: LEAVING,
    lastImport: `import type { TransferInput } from './messages.ts';`,
  },
  {
    file: 'workflows/transfer/held.ts',
    find: LEAVING,
    lastImport: `import { TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';`,
  },
];

const line = (version: 2 | 3, place: number): string => {
  const isPatched = `deployed.patched('nemesis-${place}')`;
  // A run that is not being replayed and has no mark gets no new command.
  return `if (${version === 2 ? isPatched : `deployed.workflowInfo().unsafe.isReplaying && ${isPatched}`}) ${TIMER}`;
};

export const FIRST_TO_SECOND: readonly Edit[] = PLACES.flatMap(({ file, find, lastImport }, place) => [
  { file, find: lastImport, replace: `${lastImport}\n${IMPORT}` },
  { file, find, replace: `${find}\n    ${line(2, place)}` },
]);
const between = (from: 2 | 3, to: 2 | 3): Edit[] =>
  PLACES.map(({ file }, place) => ({ file, find: line(from, place), replace: line(to, place) }));
export const SECOND_TO_THIRD: readonly Edit[] = between(2, 3);
export const THIRD_TO_SECOND: readonly Edit[] = between(3, 2);

const deployed = new WeakSet<Build>();
export const deployFault: FaultKind = {
  kind: 'deploy in mid-flight',
  weight: 2,
  draw: (draws) => {
    const forMs = draws.whole(3_000, 9_000, 'for');
    return {
      name: `worker-transfer on a second version of the workflow code for ${(forMs / 1_000).toFixed(1)} s, and back`,
      kind: 'deploy in mid-flight',
      lastsMs: forMs + 8_000,
      strike: (stage, signal) => inTurn(stage.stack, 'deploy', () => deployAndBack(stage, signal, forMs)),
    };
  },
};

async function deployAndBack({ stack, log, met, recovered }: Stage, signal: AbortSignal, forMs: number): Promise<void> {
  const restart = async (): Promise<void> => {
    await stack.killAndAwaitNext('worker-transfer', 'SIGTERM', RESPAWN_LIMIT_MS);
    await stack.waitUntilReady(READY_LIMIT_MS);
  };
  const fromMs = Date.now();
  stack.build.edit(deployed.has(stack.build) ? THIRD_TO_SECOND : FIRST_TO_SECOND);
  deployed.add(stack.build);
  try {
    await restart();
    await pause(forMs, signal);
  } finally {
    stack.build.edit(SECOND_TO_THIRD);
    await restart();
  }
  const query = `TemporalChangeVersion IN ('nemesis-0', 'nemesis-1') AND StartTime > '${new Date(fromMs).toISOString()}'`;
  const { count } = await stack.temporal
    .withDeadline(Date.now() + COUNT_LIMIT_MS, () => stack.temporal.workflow.count(query))
    .catch(() => ({ count: 0 }));
  log(`${count} workflows have run by the second version`);
  met('workflows that the second version has marked', count);
  recovered('worker-transfer was deployed twice');
}
