import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const silent = () => {};
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

test('what workers run as workflow code holds workflows and domain, and nothing that has an effect', async () => {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name]) => name!);
  const packages = new Set(
    modules.map((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1]).filter((name) => name !== undefined),
  );
  const own = modules.filter((name) => name.endsWith('.ts'));

  assert.ok(own.includes('./workflows/transfer/transfer.ts'), own.join(' '));
  assert.deepEqual(
    own.filter((name) => !/^\.\/(workflows|domain)\//.test(name)),
    [],
  );
  const effects = [
    'pg',
    'drizzle-orm',
    'hono',
    'pino',
    '@temporalio/client',
    '@temporalio/worker',
    '@temporalio/activity',
  ];
  assert.deepEqual(
    effects.filter((name) => packages.has(name)),
    [],
  );
});
