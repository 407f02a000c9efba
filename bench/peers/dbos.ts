/**
 * The peer on DBOS Transact: a workflow of steps, called in the process of its HTTP endpoint, with the transfer's id
 * (docs.dbos.dev: Workflows, Steps, Add DBOS To Your App). Its system database is in the ground's PostgreSQL, with the same
 * durability as the others. It uses steps and not transactions of a datasource: the statements can be repeated safely anyway, and a
 * transaction would write its checkpoint into the service's database as well as into the system database. Run by kinds.ts.
 */
import { DBOS, type StepConfig } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { LegRefused, type Movement, type Statements } from '../statements.ts';
import { listen, runPeer } from './peer-process.ts';

type Leg = Exclude<keyof Statements, 'accept' | 'close'>;

const RETRIES: StepConfig = {
  retriesAllowed: true,
  maxAttempts: 10,
  shouldRetry: (error) => !(error instanceof LegRefused),
};
const SYSTEM_DATABASE = 'counterpoise_bench_dbos';

await runPeer(async ({ administrators }, statements) => {
  const administrator = administrators['transfer']!;
  await recreate(administrator);

  const move = DBOS.registerWorkflow(
    async (movement: Movement) => {
      const { terms } = movement;
      const step = (name: Leg) => DBOS.runStep(() => statements[name](terms), { name, ...RETRIES });
      await DBOS.runStep(() => statements.accept(movement), { name: 'accept', ...RETRIES });
      try {
        await step('debit');
      } catch (error) {
        await step('recordFailed');
        throw error;
      }
      await step('recordDebited');
      try {
        await step('credit');
      } catch (error) {
        await step('giveBack');
        await step('recordFailed');
        throw error;
      }
      await step('recordCompleted');
    },
    { name: 'move' },
  );

  DBOS.setConfig({
    name: 'counterpoise-bench',
    applicationVersion: '1',
    systemDatabaseUrl: Object.assign(new URL(administrator), { pathname: `/${SYSTEM_DATABASE}` }).href,
    logLevel: 'warn',
  });
  await DBOS.launch();
  const endpoint = await listen(async (movement) => {
    const handle = await DBOS.startWorkflow(move, { workflowID: movement.terms.transferId })(movement);
    await handle.getResult();
  });
  return {
    url: endpoint.url,
    async close() {
      await endpoint.close();
      await DBOS.shutdown({ workflowCompletionTimeoutMS: 5_000 });
      await drop(administrator);
    },
  };
});

async function recreate(administrator: string): Promise<void> {
  await drop(administrator);
  await execute(administrator, `CREATE DATABASE ${SYSTEM_DATABASE}`);
}

async function drop(administrator: string): Promise<void> {
  await execute(administrator, `DROP DATABASE IF EXISTS ${SYSTEM_DATABASE} WITH (FORCE)`);
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
