// Workers of two versions, blue and green, that Temporal's worker versioning rolls under load: tasks move to the version that is made
// the current one, at once or in part, and nothing is lost when the other one stops.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startLoad, type Load } from './load.ts';
import { openMoney, type Money } from './money.ts';
import { stackSettings } from '../../dev/stack-settings.ts';
import { startProgramBeside, untilPolling, type ProgramBeside } from './side-by-side.ts';
import { startStack, until, type TestStack } from './stack.ts';

const DEPLOYMENT = 'counterpoise';
const SEED = 12;
const REQUESTS_A_STEP = 60;
const STEPS = 4;
/** Some clients give up at the first refusal. */
const MARGIN = 1.25;
const MOVED = 20;
const LIMIT_MS = 120_000;

describe('workers of two versions', () => {
  let stack: TestStack;
  let money: Money;
  let load: Load;
  let answered = 0;
  let blue: ProgramBeside[];
  let green: ProgramBeside[];

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    load = await startLoad(money, { seed: SEED, transfers: Math.ceil(STEPS * REQUESTS_A_STEP * MARGIN) });
    await stepUnderLoad();
  });
  after(async () => {
    await Promise.all([...(blue ?? []), ...(green ?? [])].map((worker) => worker.stop()));
    await money?.close();
    await stack?.remove();
  });

  async function stepUnderLoad(): Promise<void> {
    answered += REQUESTS_A_STEP;
    await load.untilAnswered(answered);
  }
  async function start(buildId: string): Promise<ProgramBeside[]> {
    const { api, wallet_api, databases } = stack.file();
    const settings = { ...stackSettings(stack, databases), WORKER_BUILD_ID: buildId };
    const workers = [
      ...['0', '1'].map((shard) =>
        startProgramBeside('workers/wallet/main.ts', { ...settings, WALLET_SHARD: shard, TRANSFER_API_URL: api }),
      ),
      startProgramBeside('workers/transfer/main.ts', { ...settings, WALLET_API_URL: wallet_api! }),
    ];
    await Promise.all(workers.map(untilPolling));
    return workers;
  }
  /** Repeated until Temporal has heard of the version from its workers. */
  async function route(change: 'setWorkerDeploymentCurrentVersion' | 'setWorkerDeploymentRampingVersion', to: object) {
    const { namespace } = stack.file().temporal;
    let last: unknown;
    await until(LIMIT_MS, 'the version cannot be chosen', async () => {
      try {
        await money.temporal.workflowService[change]({
          namespace,
          deploymentName: DEPLOYMENT,
          identity: 'test',
          ...to,
        });
        return true;
      } catch (error) {
        last = error;
        return false;
      }
    }).catch((error: unknown) => {
      throw new Error(String(last), { cause: error });
    });
  }
  /** How many workflow tasks each version has completed of the transfers that began since then. */
  async function buildIdsSince(since: Date): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const query = `WorkflowType = 'directTransfer' AND StartTime > '${since.toISOString()}'`;
    for await (const run of money.temporal.workflow.list({ query, pageSize: 100 })) {
      const { events } = await money.temporal.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      for (const { workflowTaskCompletedEventAttributes: task } of events ?? [])
        if (task) {
          const buildId = task.deploymentVersion?.buildId || 'none';
          counts.set(buildId, (counts.get(buildId) ?? 0) + 1);
        }
    }
    return counts;
  }
  async function untilMoved(expected: (counts: Map<string, number>) => boolean): Promise<void> {
    const since = new Date();
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    // Beside the load, which may have come to its end while workers started.
    for (const { body } of await Promise.all(
      Array.from({ length: MOVED }, () => money.api.transfer(sender, receiver, '1')),
    ))
      assert.equal(body.status, 'COMPLETED');
    await stepUnderLoad();
    let counts = new Map<string, number>();
    await until(LIMIT_MS, 'the tasks are not where they should be', async () => {
      counts = await buildIdsSince(since);
      return expected(counts);
    }).catch((error: unknown) => {
      throw new Error(JSON.stringify([...counts]), { cause: error });
    });
  }

  test('take over from workers without a version once theirs is made the current one', async () => {
    blue = await start('blue');
    await route('setWorkerDeploymentCurrentVersion', { buildId: 'blue' });
    await untilMoved((counts) => (counts.get('blue') ?? 0) > 0);
  });

  test('share the runs while one of them is ramped up', async () => {
    green = await start('green');
    await route('setWorkerDeploymentRampingVersion', { buildId: 'green', percentage: 50 });
    await untilMoved((counts) => (counts.get('green') ?? 0) > 0 && (counts.get('blue') ?? 0) > 0);
  });

  test('leave everything to the new one, and the old ones stop under load: nothing is lost', async () => {
    await route('setWorkerDeploymentCurrentVersion', { buildId: 'green' });
    await Promise.all(blue.map((worker) => worker.stop()));
    await stepUnderLoad();
    await load.assertKept();
    const since = new Date();
    const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
    const { body } = await money.api.transfer(sender, receiver, '1');
    assert.equal(body.status, 'COMPLETED');
    assert.deepEqual([...(await buildIdsSince(since)).keys()], ['green']);
  });
});
