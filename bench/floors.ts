/**
 * The floors, which nothing built of these parts can beat: PostgreSQL running a transfer's five statements without any engine, and
 * Temporal running an empty workflow. Both are called in this process, without HTTP.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { readSettings } from '../process/config.ts';
import type { InstallationId } from '../domain/ids.ts';
import { createLogger } from '../process/telemetry.ts';
import { connectWorker, createClient } from '../temporal/connection.ts';
import type { NamespaceBinding } from '../temporal/namespace-binding.ts';
import { installTemporalRuntime, startWorker } from '../workers/worker.ts';
import { nextMovement, openStatements } from './statements.ts';
import type { SubjectKind } from './subject.ts';

export const databaseFloor: SubjectKind = {
  id: 'database',
  name: 'PostgreSQL alone, the five statements',
  async open(ground) {
    const statements = openStatements(ground.databases);
    return {
      async once() {
        const movement = nextMovement(ground);
        await statements.accept(movement);
        await statements.debit(movement.terms);
        await statements.recordDebited(movement.terms);
        await statements.credit(movement.terms);
        await statements.recordCompleted(movement.terms);
      },
      close: statements.close,
    };
  },
};

const EMPTY_TASK_QUEUE = 'bench-empty';

/** The worker has the options of Counterpoise's, and the start is eager: the first task comes with the answer to the start. */
export const engineFloor: SubjectKind = {
  id: 'engine',
  name: 'Temporal alone, an empty workflow',
  async open({ temporal }) {
    const settings = readSettings({
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      LOG_LEVEL: 'error',
    });
    const logger = createLogger(settings, 'bench');
    if (!isRuntimeInstalled) installTemporalRuntime(logger);
    isRuntimeInstalled = true;
    bundle ??= await bundleEmptyWorkflow();
    const connection = await connectWorker(settings);
    const worker = await startWorker(
      { connection, binding: NO_INSTALLATION, settings, logger },
      { taskQueue: EMPTY_TASK_QUEUE, workflowBundle: bundle },
    );
    const { workflow } = createClient(connection, settings);
    const run = async (): Promise<boolean> => {
      const handle = await workflow.start('empty', {
        workflowId: `bench/${randomUUID()}`,
        taskQueue: EMPTY_TASK_QUEUE,
        requestEagerStart: true,
      });
      await handle.result();
      return handle.eagerlyStarted;
    };
    // A start is ordinary while the worker has no free slot, so not every start is eager when many are made at once.
    if (!(await run())) throw new Error('an empty workflow was not started eagerly');
    return {
      async once() {
        await run();
      },
      async close() {
        await worker.stop();
        await connection.close();
      },
    };
  },
};

/** The bench's own workflows move no money and belong to no installation. */
const NO_INSTALLATION: NamespaceBinding = {
  verify: async () => ({ installationId: randomUUID() as InstallationId, namespaceId: '' }),
  broken: new Promise<never>(() => {}),
};

/** Installed once a process, and kept over the rounds. */
let isRuntimeInstalled = false;
let bundle: WorkflowBundle | undefined;

function bundleEmptyWorkflow(): Promise<WorkflowBundle> {
  const silent = (): void => {};
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('empty-workflow.ts', import.meta.url)),
    logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
}
