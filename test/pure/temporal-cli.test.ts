import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentProgress } from '../../dev/progress.ts';
import { findTemporalCli } from '../../dev/temporal-cli.ts';
import { findTimeSkippingServer } from '../../dev/time-skipping-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
after(() => rmSync(directory, { recursive: true }));

const step = silentProgress.begin('');
const nowhere = { PATH: join(directory, 'no-programs') };
const downloadUrl = 'http://127.0.0.1:2/closed';

test('when no way leads to a Temporal server, one error names every way and why it failed', async () => {
  const cacheDir = made('empty-cache');
  await assert.rejects(findTemporalCli({ cacheDir, environment: nowhere, downloadUrl, step }), ({ name, message }) => {
    assert.equal(name, 'StackError');
    assert.match(message, /1\. TEMPORAL_ADDRESS: not set/);
    assert.match(message, /2\. temporal on PATH: not there/);
    assert.match(message, /3\. the cache, .*empty-cache.*: not there/);
    assert.match(message, /4\. download from http:\/\/127\.0\.0\.1:2\/closed: .*ECONNREFUSED/);
    assert.match(message, /5\. go install .*: go is not on PATH/);
    assert.match(message, /Any one of these helps: /);
    return true;
  });
});

test('an executable in the cache that does not run counts as not there', async () => {
  const cacheDir = made('broken-cache');
  writeProgram(join(cacheDir, 'temporal-cli-1.5.1'), 'temporal', 'exit 3');
  const missing = findTemporalCli({ cacheDir, environment: nowhere, downloadUrl, step });
  await assert.rejects(missing, /the cache, .*broken-cache.*: does not run/);
});

test('a Temporal CLI on PATH is taken unless its server is too old', async () => {
  const cacheDir = made('unused-cache');
  const PATH = made('programs');
  writeProgram(PATH, 'temporal', 'echo "temporal version 1.6.0 (Server 1.30.0, UI 2.44.0)"');
  assert.equal(await findTemporalCli({ cacheDir, environment: { PATH }, downloadUrl, step }), 'temporal');
  writeProgram(PATH, 'temporal', 'echo "temporal version 0.9.0 (Server 1.20.0, UI 2.14.0)"');
  const tooOld = findTemporalCli({ cacheDir, environment: { PATH }, downloadUrl, step });
  await assert.rejects(tooOld, /temporal on PATH: too old/);
});

test('when no way leads to a time-skipping server, one error names every way and why it failed', async () => {
  const cacheDir = made('empty-cache');
  const missing = findTimeSkippingServer({ cacheDir, environment: nowhere, downloadUrl, step });
  await assert.rejects(missing, /the cache, .*\n.*download from .*\n.*Maven, .*: java is not on PATH\n/);
});

function made(name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function writeProgram(parent: string, name: string, script: string): void {
  mkdirSync(parent, { recursive: true });
  writeFileSync(join(parent, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(parent, name), 0o755);
}
