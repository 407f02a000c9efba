// The edits that the nemesis makes in its build fit the present sources: otherwise a bug would silently not be planted, or a
// deploy would change nothing.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { APPROVAL_SOON } from '../../nemesis/approval-soon.ts';
import { ATTENTION_SOON } from '../../nemesis/attention-soon.ts';
import { makeBuild, type Edit } from '../../nemesis/build.ts';
import { deployFault, FIRST_TO_SECOND, SECOND_TO_THIRD, THIRD_TO_SECOND } from '../../nemesis/deploy-fault.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import type { Stage } from '../../nemesis/fault.ts';
import { LEASE_SOON } from '../../nemesis/lease-soon.ts';
import { PLANTED_APPROVAL_BUGS } from '../../nemesis/planted-approval-bugs.ts';
import { PLANTED_BUGS, type PlantedBug } from '../../nemesis/planted-bugs.ts';
import { PLANTED_EVENT_BUGS } from '../../nemesis/planted-event-bugs.ts';
import { PLANTED_ORDER_BUGS } from '../../nemesis/planted-order-bugs.ts';
import { PLANTED_TENANT_BUGS } from '../../nemesis/planted-tenant-bugs.ts';
import { RETRY_SOON } from '../../nemesis/retry-soon.ts';

const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
after(() => rmSync(directory, { recursive: true }));

test('every bug can be planted, and is gone again when it is taken back', () => {
  const build = makeBuild(join(directory, 'planted'));
  const movements = { ...PLANTED_BUGS, ...PLANTED_APPROVAL_BUGS, ...PLANTED_EVENT_BUGS };
  for (const { edits } of Object.values<PlantedBug>({ ...movements, ...PLANTED_ORDER_BUGS, ...PLANTED_TENANT_BUGS })) {
    const files = [...new Set(edits.map(({ file }) => join(build.directory, file)))];
    const before = files.map((file) => readFileSync(file, 'utf8'));
    const takeBack = build.edit(edits);
    assert.notDeepEqual(
      files.map((file) => readFileSync(file, 'utf8')),
      before,
    );
    takeBack();
    assert.deepEqual(
      files.map((file) => readFileSync(file, 'utf8')),
      before,
    );
  }
});

test('an edit that does not fit is refused, and nothing is edited', () => {
  const build = makeBuild(join(directory, 'unfit'));
  const file = 'domain/money.ts';
  const before = readFileSync(join(build.directory, file), 'utf8');
  const [first] = before.split('\n');
  assert.throws(() =>
    build.edit([
      { file, find: first!, replace: '' },
      { file, find: 'what is not there', replace: '' },
    ]),
  );
  assert.equal(readFileSync(join(build.directory, file), 'utf8'), before);
});

test('versions of the workflow code can be deployed one after the other, again and again', () => {
  const build = makeBuild(join(directory, 'deployed'));
  const text = (): string =>
    ['course', 'direct', 'held']
      .map((name) => readFileSync(join(build.directory, `workflows/transfer/${name}.ts`), 'utf8'))
      .join('\n');
  build.edit(FIRST_TO_SECOND);
  const second = text();
  build.edit(SECOND_TO_THIRD);
  assert.notEqual(text(), second);
  build.edit(THIRD_TO_SECOND);
  assert.equal(text(), second);
});

test('deploys that overlap are made one after the other, each and back', async () => {
  const build = makeBuild(join(directory, 'overlapping'));
  const edited: unknown[] = [];
  const edit = build.edit;
  const stage = {
    stack: {
      build: { ...build, edit: (edits: readonly Edit[]) => (edited.push(edits), edit(edits)) },
      killAndAwaitNext: async () => {},
      waitUntilReady: async () => {},
      temporal: { withDeadline: async () => ({ count: 0 }) },
    },
    log: () => {},
    met: () => {},
    recovered: () => {},
  } as unknown as Stage;
  const faults = [1, 2].map((seed) => deployFault.draw(drawsOf(seed)));
  // Their pauses are over at once.
  await Promise.all(faults.map((fault) => fault.strike(stage, AbortSignal.abort())));
  assert.deepEqual(edited, [FIRST_TO_SECOND, SECOND_TO_THIRD, THIRD_TO_SECOND, SECOND_TO_THIRD]);
});

test('what every run shortens can be shortened', () => {
  const build = makeBuild(join(directory, 'shortened'));
  build.edit([...APPROVAL_SOON, ...ATTENTION_SOON, ...LEASE_SOON, ...RETRY_SOON]);
});
