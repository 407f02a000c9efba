import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tryLock } from '../../dev/lock.ts';
import { choosePorts } from '../../dev/ports.ts';
import { endProcess, isRunning, recordOf } from '../../dev/processes.ts';
import { readStackFile, writeStackFile } from '../../dev/stack-file.ts';
import { supervise } from '../../dev/supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
after(() => rmSync(directory, { recursive: true }));

test('a pid that was reused is not taken for the process that had it', async () => {
  const child = spawn('sleep', ['60']);
  const record = recordOf(child.pid!)!;
  await endProcess({ ...record, started: 'at another time' }, 'SIGKILL', 1_000);
  assert.ok(isRunning(record), 'left alone');
  await endProcess(record, 'SIGTERM', 1_000);
  assert.equal(recordOf(child.pid!), undefined);
});

test('a lock is held by one, and freed when its holder lets go', () => {
  const file = join(directory, 'lock');
  const release = tryLock(file)!;
  assert.equal(tryLock(file), undefined);
  release();
  tryLock(file)!();
});

test('a port that is set and taken is refused, and one that is not set is another, which is told', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wish = { setting: 'PORT', usual: port, lastTime: port };
  await assert.rejects(choosePorts({ api: { ...wish, set: port } }, directory), /PORT=\d+: that port .* is taken/);
  const chosen = await choosePorts({ api: { ...wish, set: undefined } }, directory);
  const other = chosen.ports.api;
  assert.notEqual(other, port);
  assert.deepEqual(chosen.notes, [`PORT: ${other}, because ${port} is taken`]);
  chosen.release();
  server.close();
  for (const [set, lastTime, usual, notes] of [
    [undefined, other, port, [`PORT: ${other}, as at the last start, and not ${port}`]],
    [undefined, other, other, []],
    [other, undefined, port, []],
    [0, undefined, port, []],
  ] as const) {
    const again = await choosePorts({ api: { setting: 'PORT', set, lastTime, usual } }, directory);
    assert.deepEqual(again.notes, notes);
    again.release();
  }
});

test('two stacks that choose at the same moment get different ports', async () => {
  const wish = { setting: 'PORT', set: undefined, usual: 31_999, lastTime: undefined };
  const choices = await Promise.all([1, 2, 3].map(() => choosePorts({ api: wish }, directory)));
  assert.equal(new Set(choices.map(({ ports }) => ports.api)).size, 3);
  for (const { release } of choices) release();
});

test('a child that keeps dying is started again until the start is given up', async () => {
  const ends: string[] = [];
  const supervisor = supervise(
    () => {},
    (sentence) => ends.push(sentence),
  );
  const args = ['-e', 'process.exit(7)'];
  supervisor.start({ name: 'broken', command: process.execPath, args, stopSignal: 'SIGTERM' });
  const never = (): Promise<never> => Promise.reject(new Error('not ready'));
  await assert.rejects(supervisor.untilReady(['broken'], never, 10_000), /broken does not stay up/);
  await supervisor.stop(['broken'], 0);
  assert.deepEqual(ends.slice(0, 2), [
    'broken ended (exit code 7); it is started again in 0.1 s',
    'broken ended (exit code 7); it is started again in 0.2 s',
  ]);
});

test('a child that cannot be spawned is named with its cause, though it has written no log', async (t) => {
  const supervisor = supervise(
    () => {},
    () => {},
  );
  const prepare = (): Promise<never> => Promise.reject(new Error('the disk is full'));
  t.after(() => supervisor.stop(['unprepared'], 0));
  supervisor.start({
    name: 'unprepared',
    command: 'true',
    args: [],
    logFile: join(directory, 'none.log'),
    stopSignal: 'SIGTERM',
    prepare,
  });
  const never = (): Promise<never> => Promise.reject(new Error('not ready'));
  await assert.rejects(
    supervisor.untilReady(['unprepared'], never, 10_000),
    /unprepared does not stay up \(the disk is full\)/,
  );
});

test('what a child left behind and may not be signalled is told, and the child is started again', async (t) => {
  t.mock.method(process, 'kill', () => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  });
  const ends: string[] = [];
  const supervisor = supervise(
    () => {},
    (sentence) => ends.push(sentence),
  );
  t.after(() => supervisor.stop(['foreign'], 0));
  supervisor.start({ name: 'foreign', command: 'true', args: [], stopSignal: 'SIGTERM' });
  const diedTwice = async (): Promise<void> => assert.ok(ends.length >= 2);
  await supervisor.untilReady(['foreign'], diedTwice, 10_000);
  assert.match(
    ends[1]!,
    /^foreign ended \(exit code 0, and what it may have left behind could not be ended: kill EPERM\)/,
  );
});

test('stack.json is read back as it was written, and its absence is said in a sentence', () => {
  const stack = {
    api: 'http://127.0.0.1:3000',
    temporal: { address: '127.0.0.1:7233', namespace: 'default' },
    databases: { transfer: 'postgres://postgres:secret@127.0.0.1:5432/transfer' },
    processes: { launcher: 1 },
  };
  writeStackFile(directory, stack);
  assert.deepEqual(readStackFile(directory), stack);
  assert.throws(() => readStackFile(join(directory, 'nowhere')), /No stack runs on .*nowhere/);
});
