// Launchers, and owners of launchers, that are killed: the processes that they had started drain, stop and are gone, although
// nobody starts the stack again. A frozen launcher does not count as gone. Two stacks serve most of these tests.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasStopped } from '../../dev/freeze.ts';
import { isUp, launchStack } from '../../dev/launched-stack.ts';
import { recordOf, send } from '../../dev/processes.ts';
import { readStackFile, stackFilePath } from '../../dev/stack-file.ts';
import { openMoney } from './money.ts';
import { remainsOf, untilNothingRemains } from './remains.ts';
import { startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 120_000;

describe('a launcher that is killed', { concurrency: 1 }, () => {
  let whole: TestStack;
  let separate: TestStack;

  before(async () => {
    [whole, separate] = await Promise.all([startStack(), startStack({ separate: true })]);
  });
  after(async () => {
    await Promise.all([whole, separate].map((stack) => stack?.remove()));
  });

  const kinds = [
    ['one process', () => [whole, separate]],
    ['--separate', () => [separate, whole]],
  ] as const;
  for (const [kind, stacks] of kinds) {
    test(`${kind}: services drain and servers stop by themselves, and those of a frozen launcher stay`, async () => {
      const [killed, frozen] = stacks();
      const money = await openMoney(killed!);
      const [alice, bob] = await Promise.all([money.wallet(0, '100'), money.wallet(1)]);
      const unlock = await money.lockWallet(bob);
      const transfer = money.api.transfer(alice, bob, '25', { 'idempotency-key': randomUUID(), prefer: 'wait=30' });
      await until(LIMIT_MS, 'the transfer was not accepted', async () => {
        return (
          (await money.rows('transfer', `SELECT FROM transfers WHERE status IN ('PENDING', 'DEBITED')`)).length === 1
        );
      });
      const launcher = frozen!.process('launcher')!;
      await freeze(launcher);
      killed!.kill('launcher', 'SIGKILL');

      const { status, body } = await transfer;
      assert.equal(status, 202, `whoever waits is answered: ${JSON.stringify(body)}`);
      await unlock();
      await untilNothingRemains(killed!.dataDir);
      for (const [name, pid] of Object.entries(frozen!.file().processes)) assert.ok(recordOf(pid), `${name} runs`);
      send(launcher, 'SIGCONT');
      await frozen!.waitUntilReady();
      const log = readFileSync(join(killed!.dataDir, 'logs', 'postgres.log'), 'utf8').trimEnd();
      assert.match(log, /received fast shutdown request[^]*database system is shut down$/);

      await killed!.start();
      await money.assertSound();
      assert.deepEqual(await money.entriesOf(body.transfer_id), ['CREDIT', 'DEBIT']);
      await money.close();
    });
  }

  test('what is frozen itself is ended by force, a service before PostgreSQL is asked to stop', async () => {
    const { 'worker-wallet-0': worker, temporal, postgres } = separate.file().processes;
    for (const pid of [worker, temporal, whole.process('postgres')]) await freeze(pid!);
    separate.kill('launcher', 'SIGKILL');
    whole.kill('launcher', 'SIGKILL');
    await until(LIMIT_MS, 'PostgreSQL does not end', () => recordOf(postgres!) === undefined);
    assert.equal(recordOf(worker!), undefined, 'the frozen worker outlives PostgreSQL');
    await Promise.all([whole, separate].map((stack) => untilNothingRemains(stack.dataDir)));
    await Promise.all([whole, separate].map((stack) => stack.start()));
  });

  test('what is frozen with all that could end it is ended by the next start', async () => {
    const { launcher: _, ...children } = separate.file().processes;
    for (const pid of Object.values(children)) {
      send(-pid, 'SIGSTOP');
      await until(LIMIT_MS, 'it is not frozen', () => hasStopped(pid));
    }
    separate.kill('launcher', 'SIGKILL');
    await separate.start();
    for (const [name, pid] of Object.entries(children)) assert.equal(recordOf(pid), undefined, `${name} still runs`);
    assert.equal(await separate.stop(), 0);
    await untilNothingRemains(separate.dataDir);
  });

  test('PostgreSQL goes on when what watches over it is killed', async () => {
    const postgres = whole.process('postgres')!;
    const watchers = remainsOf(whole.dataDir).filter(({ text }) => /\/bin\/sh -c.* tether .*postgres -D/s.test(text));
    assert.equal(watchers.length, 1);
    send(watchers[0]!.pid, 'SIGKILL');
    await until(LIMIT_MS, 'it still runs', () => recordOf(watchers[0]!.pid) === undefined);
    const money = await openMoney(whole);
    await money.assertSound();
    await money.close();
    assert.equal(whole.process('postgres'), postgres);
    const log = readFileSync(join(whole.dataDir, 'logs', 'postgres.log'), 'utf8');
    assert.doesNotMatch(log, /was terminated by signal/);
  });
});

describe('nothing is left', { concurrency: 2 }, () => {
  const children: ChildProcess[] = [];
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'counterpoise-gone-'));
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const { pid } of remainsOf(directory)) send(pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });

  test('of a launcher that is killed while it starts, and the next start finds what it needs', async () => {
    const dataDir = join(directory, 'starting');
    const launch = (): ChildProcess => {
      const logFile = join(directory, 'starting.log');
      const launcher = launchStack({ command: fileOf('start'), flags: [], dataDir, logFile, inherited: process.env });
      children.push(launcher);
      return launcher;
    };
    for (const moment of ['initdb', 'commands/migrate.ts', 'commands/serve.ts']) {
      const launcher = launch();
      const isNow = async (): Promise<boolean> =>
        remainsOf(dataDir).some(({ text }) => text.includes(moment)) || isUp(launcher, dataDir);
      await until(LIMIT_MS, `${moment} was not seen`, isNow);
      launcher.kill('SIGKILL');
      await untilNothingRemains(dataDir);
    }
    const last = launch();
    await until(LIMIT_MS, 'it does not start', () => isUp(last, dataDir));
    last.kill('SIGTERM');
    await once(last, 'exit');
  });

  test('of a stack whose owner is killed: its launcher stops it as if asked to', async () => {
    const dataDir = join(directory, 'owned');
    const logFile = join(directory, 'owned.log');
    const launch = { command: fileOf('start'), flags: ['--separate'], dataDir, logFile, inherited: process.env };
    const script = `
      const { launchStack } = await import(${JSON.stringify(new URL('../../dev/launched-stack.ts', import.meta.url).href)});
      launchStack(${JSON.stringify(launch)});`;
    const owner = run(['--input-type=module', '-e', script], {});
    await until(LIMIT_MS, 'the stack does not start', () => isReady(dataDir));
    owner.kill('SIGKILL');
    await untilNothingRemains(dataDir);
    assert.match(readFileSync(logFile, 'utf8'), /Stopped\. All state is kept/);
    assert.equal(existsSync(stackFilePath(dataDir)), false);
  });

  test('of a demo that is killed, whose stack.json names the process that holds everything', async () => {
    const dataDir = join(directory, 'demo');
    const demo = run([fileOf('demo'), '--transfers', '10000'], { DATA_DIR: directory });
    await until(LIMIT_MS, 'the demo does not start', () => isReady(dataDir));
    const { app, launcher } = readStackFile(dataDir).processes;
    assert.deepEqual([app, launcher], [demo.pid, demo.pid]);
    demo.kill('SIGKILL');
    await untilNothingRemains(dataDir);
  });

  test('of a nemesis that is killed', async () => {
    const nemesis = run([fileOf('nemesis'), '--minutes', '5', '--seed', '1'], { TMPDIR: directory });
    const own = (): string | undefined =>
      readdirSync(directory).find((name) => name.startsWith('counterpoise-nemesis'));
    await until(LIMIT_MS, 'the nemesis does not start', () => isReady(join(directory, own()!, 'data')));
    nemesis.kill('SIGKILL');
    await untilNothingRemains(join(directory, own()!));
  });

  function run(args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: 'ignore' });
    children.push(child);
    return child;
  }
});

function fileOf(command: string): string {
  return fileURLToPath(new URL(`../../commands/${command}.ts`, import.meta.url));
}

/** Throws where no stack runs yet. */
async function isReady(dataDir: string): Promise<boolean> {
  return (await fetch(`${readStackFile(dataDir).api}/health/ready`)).ok;
}

/** It alone, and not what it has started. */
async function freeze(pid: number): Promise<void> {
  send(pid, 'SIGSTOP');
  await until(LIMIT_MS, 'it is not frozen', () => hasStopped(pid));
}
