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

test('while Go builds the Temporal CLI, it is told at which package of how many it is, and how long that usually takes', async () => {
  const PATH = made('with-go');
  writeProgram(
    PATH,
    'go',
    `
    case "$2" in
    -n)
      echo 'go: downloading example.com/a v1.0.0' >&2
      echo 'go: downloading example.com/b v1.2.0' >&2
      for n in 3 2 1; do printf 'mkdir -p $WORK/b00%s/\\necho x > $WORK/b00%s/importcfg\\n' $n $n >&2; done
      echo 'mkdir -p $WORK/b001/exe/' >&2;;
    -v)
      echo '# a warning of the compiler' >&2
      for name in example.com/a example.com/b github.com/temporalio/cli/cmd/temporal; do echo $name >&2; done
      printf '#!/bin/sh\\necho "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"\\n' > "$GOBIN/temporal"
      /bin/chmod 755 "$GOBIN/temporal";;
    esac`,
  );
  const cacheDir = made('built-cache');
  const told: string[] = [];
  const listening = { ...step, update: (detail: string) => void told.push(detail) };
  const cli = await findTemporalCli({ cacheDir, environment: { PATH }, downloadUrl, step: listening });
  assert.equal(cli, join(cacheDir, 'temporal-cli-1.5.1', 'temporal'));
  assert.deepEqual(told, [
    'downloading the Temporal CLI',
    'building the CLI with Go, usually 4 minutes',
    'downloading Go modules, 1 so far, usually 4 minutes',
    'downloading Go modules, 2 so far, usually 4 minutes',
    'building the CLI, 1 of 3 packages, usually 4 minutes',
    'building the CLI, 2 of 3 packages, usually 4 minutes',
    'linking the CLI, usually 4 minutes',
  ]);
});

test('a build by Go that fails is told with the last that Go said', async () => {
  const PATH = made('broken-go');
  writeProgram(PATH, 'go', 'for n in 1 2 3 4; do echo "go: line $n" >&2; done; exit 1');
  const cacheDir = made('unbuilt-cache');
  const failing = findTemporalCli({ cacheDir, environment: { PATH }, downloadUrl, step });
  await assert.rejects(failing, /5\. go install .*: exit code 1: go: line 2 go: line 3 go: line 4\n/);
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
