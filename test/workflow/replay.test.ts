import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { it } from 'node:test';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { readSettings } from '../../process/config.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { histories } from './environment.ts';

/** Histories of every path, as the servers kept them; `npm run record-histories` makes new ones. */
for (const [how, settings] of [
  ['', {}],
  [', and with payload keys too', { PAYLOAD_KEYS: `first:${Buffer.alloc(32).toString('base64')}` }],
] as const)
  it(`the workflow code replays every history that was committed, so running transfers survive a deploy${how}`, async () => {
    const files = (await readdir(histories)).filter((file) => file.endsWith('.json'));
    assert.ok(files.length > 0);
    const failures: string[] = [];
    const dataConverter = dataConverterOf(readSettings(settings));
    const options = { workflowBundle: await workflowBundle(dataConverter.failureConverterPath), dataConverter };
    for await (const { workflowId, error } of Worker.runReplayHistories(options, read(files))) {
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    }
    assert.deepEqual(failures, []);
  });

async function* read(files: string[]) {
  for (const file of files) {
    const history = JSON.parse(await readFile(new URL(file, histories), 'utf8')) as Record<string, unknown>;
    yield { workflowId: file, history: proto.temporal.api.history.v1.History.fromObject(history) };
  }
}
