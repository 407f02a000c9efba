/**
 * The peer of Temporal's template: one worker on one task queue and a client that starts the workflow and waits for its result, as
 * in the template, in one process behind HTTP. The options are the SDK's defaults, which include eager activities; like the
 * template, it uses neither local activities nor an eager start. Run by kinds.ts.
 */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { listen, runPeer } from './peer-process.ts';
import type { moneyTransfer } from './template-workflow.ts';

const TASK_QUEUE = 'bench-template';

await runPeer(async ({ temporal: { address, namespace } }, statements) => {
  const { accept, debit, recordDebited, credit, recordCompleted, giveBack, recordFailed } = statements;
  Runtime.install({ shutdownSignals: [] });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('template-workflow.ts', import.meta.url)),
    activities: { accept, debit, recordDebited, credit, recordCompleted, giveBack, recordFailed },
  });
  const run = worker.run();
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection, namespace });
  const endpoint = await listen(async (movement) => {
    const handle = await client.workflow.start<typeof moneyTransfer>('moneyTransfer', {
      args: [movement],
      taskQueue: TASK_QUEUE,
      workflowId: `template/${movement.terms.transferId}`,
    });
    await handle.result();
  });
  return {
    url: endpoint.url,
    async close() {
      await endpoint.close();
      worker.shutdown();
      await run;
      await clientConnection.close();
      await connection.close();
    },
  };
});
