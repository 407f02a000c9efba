import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import { hasStopped } from '../../dev/freeze.ts';
import { until } from '../../dev/launched-stack.ts';
import { recordOf, send } from '../../dev/processes.ts';
import { COMMAND_NOT_FOUND, runTethered, spawnTethered, type Tether } from '../../dev/tether.ts';

const LIMIT_MS = 60_000;
const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

test(
  'only the child whose channel is closed ends, not those that were started before or after it',
  { timeout: LIMIT_MS },
  async () => {
    const siblings = [1, 2, 3, 4].map(() => started('sleep', ['600']));
    for (const n of [1, 0, 3]) {
      const ended = once(siblings[n]!, 'exit');
      let others = siblings.filter((sibling) => runs(sibling.pid) && sibling !== siblings[n]);
      leave(siblings[n]!);
      assert.deepEqual(await ended, [null, 'SIGTERM']);
      others = others.filter((sibling) => !runs(sibling.pid));
      assert.deepEqual(others, [], 'a sibling ended too');
    }
    assert.ok(runs(siblings[2]!.pid));
  },
);

test(
  'the children of a process that is killed end, and those of one that is frozen do not',
  { timeout: LIMIT_MS },
  async () => {
    const owners = await Promise.all([startOwner(), startOwner()]);
    const [killed, frozen] = owners;
    send(frozen.pid, 'SIGSTOP');
    await until(LIMIT_MS, 'it is not frozen', () => hasStopped(frozen.pid));
    send(killed.pid, 'SIGKILL');
    await until(LIMIT_MS, 'its children live', () => killed.children.every((child) => membersOf(child).length === 0));
    for (const child of frozen.children) assert.ok(runs(child), 'the child of a frozen one');
    send(frozen.pid, 'SIGKILL');
    await until(LIMIT_MS, 'its children live', () => frozen.children.every((child) => membersOf(child).length === 0));
  },
);

test(
  'a child that does not end when it is asked is ended by force, also where it is frozen',
  { timeout: LIMIT_MS },
  async () => {
    const graceMs = 1_000;
    const deaf = await startedShell('trap "" TERM', { graceMs });
    const frozen = await startedShell('', { graceMs });
    const sparing = await startedShell('trap "" INT; trap "exit 7" QUIT', {
      stopSignal: 'SIGINT',
      forceSignal: 'SIGQUIT',
      graceMs,
    });
    for (const { pid } of [frozen, sparing]) {
      send(pid!, 'SIGSTOP');
      await until(LIMIT_MS, 'it is not frozen', () => hasStopped(pid!));
    }
    const all = [deaf, frozen, sparing];
    const ends = all.map((child) => once(child, 'exit'));
    all.forEach(leave);
    assert.deepEqual(await Promise.all(ends), [
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
      [7, null],
    ]);
  },
);

test('a child that is to linger ends after those that are not', { timeout: LIMIT_MS }, async () => {
  const ends: string[] = [];
  const both = [
    ['server', started('sleep', ['600'], { lingerMs: 3_000 })],
    ['service', started('sleep', ['600'])],
  ] as const;
  const ended = both.map(async ([name, child]) => {
    await once(child, 'exit');
    ends.push(name);
  });
  both.forEach(([, child]) => leave(child));
  await Promise.all(ended);
  assert.deepEqual(ends, ['service', 'server']);
});

test(
  'the pid is that of the command, and what watches it is no child of it and is not missed',
  { timeout: LIMIT_MS },
  async () => {
    const child = await startedShell('');
    assert.equal(parentOf(child.pid!), process.pid);
    // Its own sleep comes and goes.
    const isOfAnother = (pid: number): boolean => pid !== child.pid && ![child.pid, undefined].includes(parentOf(pid));
    const [watcher, ...more] = membersOf(child.pid!).filter(isOfAnother);
    assert.ok(watcher !== undefined && more.length === 0);
    send(watcher, 'SIGKILL');
    await until(LIMIT_MS, 'it lives', () => !runs(watcher));
    assert.ok(runs(child.pid));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [null, 'SIGTERM']);
  },
);

test(
  'a child that ends leaves nothing behind: neither what watches it nor what it has started',
  { timeout: LIMIT_MS },
  async () => {
    const child = await startedShell('sleep 600 &');
    assert.ok(membersOf(child.pid!).length >= 3);
    child.kill('SIGKILL');
    await until(LIMIT_MS, 'something is left', () => membersOf(child.pid!).length === 0);
  },
);

test(
  'a command that fails is told by what it has said, and one that is not there by its exit code',
  { timeout: LIMIT_MS },
  async () => {
    await runTethered('sh', ['-c', 'echo made; echo warned >&2'], {});
    await assert.rejects(runTethered('sh', ['-c', 'echo made; echo broken >&2; exit 3'], {}), { message: 'broken' });
    await assert.rejects(runTethered('sh', ['-c', 'echo made; exit 3'], {}), { message: 'made' });
    await assert.rejects(runTethered('sh', ['-c', 'exit 3'], {}), { message: 'exit code 3' });
    await assert.rejects(runTethered('sleep', ['600'], { timeout: 100 }), { message: 'SIGTERM' });
    const [code] = (await once(started('no-such-command', []), 'exit')) as [number];
    assert.equal(code, COMMAND_NOT_FOUND);
  },
);

function started(command: string, args: readonly string[], tether?: Tether): ChildProcess {
  const child = spawnTethered(command, args, { stdio: ['ignore', 'ignore', 'ignore'] }, tether);
  children.push(child);
  return child;
}

/** A shell that waits for long, after it has done this. */
async function startedShell(first: string, tether?: Tether): Promise<ChildProcess> {
  const script = `${first}\necho ready\nwhile :; do sleep 0.1; done`;
  const child = spawnTethered('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] }, tether);
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

/** Closes the child's channel, as the kernel does when this process is gone. */
function leave(child: ChildProcess): void {
  (child.stdio.at(3) as Socket).destroy();
}

/** A process that has some children and prints their pids. */
async function startOwner(): Promise<{ pid: number; children: number[] }> {
  const script = `
    const { spawnTethered } = await import(${JSON.stringify(new URL('../../dev/tether.ts', import.meta.url).href)});
    const children = [1, 2].map(() => spawnTethered('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore'] }));
    console.log(JSON.stringify(children.map(({ pid }) => pid)));`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(owner);
  const [line] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string];
  return { pid: owner.pid!, children: JSON.parse(line) as number[] };
}

function runs(pid: number | undefined): boolean {
  return recordOf(pid!) !== undefined;
}

/** Of the process group that this pid leads or has led. */
function membersOf(group: number): number[] {
  return processes()
    .filter(({ pid, pgid }) => pgid === group && runs(pid))
    .map(({ pid }) => pid);
}

function parentOf(child: number): number | undefined {
  return processes().find(({ pid }) => pid === child)?.ppid;
}

function processes(): { pid: number; ppid: number; pgid: number }[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid=']).toString().trim().split('\n');
  return lines.map((line) => {
    const [pid, ppid, pgid] = line.trim().split(/\s+/).map(Number);
    return { pid: pid!, ppid: ppid!, pgid: pgid! };
  });
}
