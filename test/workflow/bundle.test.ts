import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { workflowBundle, workflowCodeHash } from '../../workers/workflow-bundle.ts';

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

  assert.ok(own.includes('./workflows/transfer/direct.ts'), own.join(' '));
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

test('a bundle is never that of other sources, be they in a folder of a folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'counterpoise-bundle-'));
  try {
    for (const name of ['workflows', 'domain', 'package-lock.json'])
      await cp(new URL(`../../${name}`, import.meta.url), join(root, name), { recursive: true });
    const hash = () => workflowCodeHash(pathToFileURL(`${root}/`));
    const hashes = [await hash()];
    for (const file of ['workflows/index.ts', 'workflows/transfer/direct.ts', 'domain/transfer/transfer.ts']) {
      await appendFile(join(root, file), '// another version\n');
      hashes.push(await hash());
    }
    assert.equal(new Set(hashes).size, 4, hashes.join(' '));
    assert.equal(await hash(), hashes.at(-1), 'the same sources have the same bundle');
  } finally {
    await rm(root, { recursive: true });
  }
});

test('the workers of one process that ask at once share one bundle, which is written once', async () => {
  const [one, other] = [workflowBundle(), workflowBundle()];
  assert.equal(one, other);
  assert.ok('codePath' in (await one));
});
