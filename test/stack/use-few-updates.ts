// As useStack, on a Temporal server of its own that lets a run take only a few updates: 2,000 are too many for a test.

import { after, before } from 'node:test';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheDirectory } from '../../dev/cache.ts';
import { silentProgress } from '../../dev/progress.ts';
import { findTemporalCli } from '../../dev/temporal-cli.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, type TestStack } from './stack.ts';

/** To be called within a describe, before its other hooks. `take` is given what has started. */
export function useFewUpdates(
  updatesMax: number,
  take: (started: { readonly stack: TestStack; readonly money: Money }) => void,
): void {
  let temporal: TestWorkflowEnvironment | undefined;
  let stack: TestStack | undefined;
  let money: Money | undefined;
  before(async () => {
    const cacheDir = cacheDirectory(process.env['XDG_CACHE_HOME']);
    const step = silentProgress.begin('Temporal');
    const path = await findTemporalCli({ cacheDir, environment: process.env, step });
    temporal = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        extraArgs: ['--dynamic-config-value', `history.maxTotalUpdates=${updatesMax}`],
      },
    });
    stack = await startStack({ env: { TEMPORAL_ADDRESS: temporal.address } });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    take({ stack, money });
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
    await temporal?.teardown();
  });
}
