/**
 * The worker of this service, on a task queue of its own. It ends with the process that started it.
 *
 *   node worker.ts <DATA_DIR> [<sale>]   kills itself once the price of this sale is held, before anybody has heard of it
 */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createPaymentActivities } from './payments.ts';
import { TASK_QUEUE } from './sale.ts';
import { openClient, openDatabase, readStack } from './stack.ts';
import { createTicketActivities } from './tickets.ts';

const [dataDir = '.data', doomed] = process.argv.slice(2);
const stack = readStack(dataDir);
const pool = openDatabase(stack);
const payments = createPaymentActivities(openClient(stack));

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {} } } });
const connection = await NativeConnection.connect({ address: stack.temporal.address });
const worker = await Worker.create({
  connection,
  namespace: stack.temporal.namespace,
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('workflow.ts', import.meta.url)),
  activities: {
    ...createTicketActivities(pool),
    ...payments,
    holdPrice: async (sale: Parameters<typeof payments.holdPrice>[0]) => {
      const answer = await payments.holdPrice(sale);
      if (sale.saleId === doomed) process.kill(process.pid, 'SIGKILL');
      return answer;
    },
  },
  shutdownGraceTime: '2 seconds',
  shutdownForceTime: '3 seconds',
});
process.once('disconnect', () => worker.shutdown());
await worker.run();
await connection.close();
await pool.end();
