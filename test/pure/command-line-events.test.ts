// The command line's reading of events, from an API that streams a log in memory.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { until } from '../../dev/launched-stack.ts';
import { startStreamingApi, type StreamingApi } from './event-stream-reading.ts';
import { EXECUTABLE, runCounterpoise } from './run-counterpoise.ts';

const LIMIT_MS = 30_000;

interface Tail {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly code: Promise<number | null>;
}

function tail(api: StreamingApi, ...args: string[]): Tail {
  const child = spawn(process.execPath, [EXECUTABLE, 'events', 'tail', '--api-url', api.url, ...args], {
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  return {
    child,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    code: once(child, 'close').then(([code]) => code as number | null),
  };
}

const untilLines = (of: Tail, count: number): Promise<void> =>
  until(LIMIT_MS, `${count} lines have not come`, () => of.stdout().split('\n').length > count);

describe('events list', () => {
  test('shows the oldest events, and says that and where it goes on', async () => {
    await using api = await startStreamingApi();
    api.log.append(3);
    const { code, stdout } = await runCounterpoise(['events', 'list', '--limit', '2', '--api-url', api.url]);
    assert.deepEqual(
      [code, stdout],
      [
        0,
        `POSITION  TIME                      TYPE           SUBJECT
1         2026-01-31T12:00:00.000Z  test.happened  a
2         2026-01-31T12:00:00.000Z  test.happened  a

There are more: --after 2 shows what follows.
`,
      ],
    );
  });

  test('looks as far as it must for events by type and subject, and prints them as JSON', async () => {
    await using api = await startStreamingApi();
    api.log.append(25_000);
    api.log.append(2, { type: 'x.y', subject: 's' });
    api.log.append(25_000);
    const args = [
      'events',
      'list',
      '--after',
      '5',
      '--types',
      'x.y,z',
      '--subject',
      's',
      '--json',
      '--api-url',
      api.url,
    ];
    const { code, json } = await runCounterpoise(args);
    const listed = json<{ position: number; type: string }[]>();
    assert.deepEqual([code, listed.map(({ position }) => position)], [0, [25_001, 25_002]]);
  });

  test('a position that is none is a wrong command line', async () => {
    for (const [name, value] of [
      ['--after', '-1'],
      ['--after', 'x'],
      ['--limit', '1001'],
    ] as const)
      assert.equal((await runCounterpoise(['events', 'list', name, value])).code, 2);
  });
});

describe('events tail', () => {
  test('prints a line for each event, comes back when the API does, and exits 0 on Ctrl-C', async () => {
    const first = await startStreamingApi();
    first.log.append(2);
    const following = tail(first, '--after', '1', '--json');
    await untilLines(following, 1);
    await first.stop();
    await until(LIMIT_MS, 'it does not say that the API is away', () => following.stderr().includes('does not answer'));
    first.log.append(1);
    await using second = await startStreamingApi({ log: first.log, port: Number(new URL(first.url).port) });
    await untilLines(following, 2);
    second.log.append(1);
    await untilLines(following, 3);
    following.child.kill('SIGINT');
    assert.equal(await following.code, 0);
    const positions = following
      .stdout()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { position: number }).position);
    assert.deepEqual(positions, [2, 3, 4]);
    assert.match(following.stderr(), /^counterpoise: the API does not answer; waiting for it\n.* answers again\n$/);
  });

  test('shows people aligned text, of what happens from now on', async () => {
    await using api = await startStreamingApi();
    api.log.append(1);
    const following = tail(api, '--types', 'test.happened');
    await until(LIMIT_MS, 'it is not open', () => api.streams.count() === 1);
    api.log.append(1);
    await untilLines(following, 1);
    following.child.kill('SIGTERM');
    assert.equal(await following.code, 0);
    assert.equal(following.stdout(), '2         2026-01-31T12:00:00.000Z  test.happened             a\n');
  });

  test('ends well once nobody reads what it prints', async () => {
    await using api = await startStreamingApi();
    const following = tail(api, '--after', '0');
    api.log.append(1);
    await untilLines(following, 1);
    following.child.stdout!.destroy();
    const more = setInterval(() => api.log.append(1), 10);
    try {
      assert.deepEqual([await following.code, following.stderr()], [0, '']);
    } finally {
      clearInterval(more);
    }
  });

  test('exits 1 if the position is no longer kept, and 3 if there is no API', async () => {
    const api = await startStreamingApi();
    api.log.append(10);
    api.log.drop(5);
    const expired = tail(api, '--after', '1', '--json');
    assert.equal(await expired.code, 1);
    const { error } = JSON.parse(expired.stdout()) as { error: { code: string; message: string } };
    assert.equal(error.code, 'position_expired');
    assert.match(error.message, /read on after 5/);
    await api.stop();
    assert.equal(await tail(api).code, 3);
  });
});
