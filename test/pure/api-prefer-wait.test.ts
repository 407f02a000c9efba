// Prefer: wait=N: its parsing and the wait; see RFC 7240.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitPreference, waitForRow, type Wait } from '../../api/http/prefer-wait.ts';

describe('the preference', () => {
  const table: [prefer: string | undefined, seconds: number | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['wait=5', 5],
    ['Wait=5', 5],
    ['wait = 5', 5],
    ['wait="5"', 5],
    ['wait=0', 0],
    ['wait=60', 60],
    ['wait=61', 60],
    ['wait=999999999', 60],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait=ten', undefined],
    ['wait', undefined],
    ['respond-async, wait=7', 7],
    ['return=minimal; foo="some, wait=3", wait=8; bar', 8],
    ['foo="wait=3"', undefined],
    ['wait=4, wait=9', 4],
    ['waiting=4', undefined],
    ['foo="a\\"b, wait=3", wait=8', 8],
    ['foo="b\\\\", wait=8', 8],
    ['foo="never ends, wait=8', undefined],
    ['wait="5', undefined],
    [',,;, wait=8', 8],
    [`${' '.repeat(993)}wait=60`, 60],
    [`${' '.repeat(994)}wait=60`, undefined],
  ];
  for (const [prefer, seconds] of table) {
    test(`${prefer === undefined ? 'none' : JSON.stringify(prefer)} is ${seconds === undefined ? 'no wait' : `${seconds} s`}`, () => {
      assert.equal(waitPreference(prefer), seconds);
    });
  }
});

describe('the wait', () => {
  const never = new Promise<never>(() => {});
  const wait = (changes: Partial<Wait<string>>): Promise<string> =>
    waitForRow({
      row: 'PENDING',
      isWaitOver: (row) => row === 'COMPLETED',
      look: async () => 'PENDING',
      untilNews: () => never,
      limitMs: 5_000,
      signal: new AbortController().signal,
      ...changes,
    });
  const took = async (work: Promise<string>): Promise<[string, number]> => {
    const startedAt = performance.now();
    return [await work, performance.now() - startedAt];
  };

  test('ends with the workflow, and answers what the row then says', async () => {
    let row = 'PENDING';
    const untilNews = async (): Promise<void> => {
      row = 'COMPLETED';
    };
    const [seen, ms] = await took(wait({ look: async () => row, untilNews }));
    assert.equal(seen, 'COMPLETED');
    assert.ok(ms < 450, `${ms} ms`);
  });

  test('learns of the end from the row where Temporal does not answer or does not know the workflow', async () => {
    for (const untilNews of [() => never, () => Promise.reject(new Error('no such workflow'))]) {
      let looks = 0;
      const [seen, ms] = await took(wait({ look: async () => (++looks === 2 ? 'COMPLETED' : 'PENDING'), untilNews }));
      assert.equal(seen, 'COMPLETED');
      assert.equal(looks, 2);
      assert.ok(ms > 900, `${ms} ms`);
    }
  });

  test('is over when its time is up, however slow the database', async () => {
    const [seen, ms] = await took(wait({ limitMs: 300, look: () => never }));
    assert.equal(seen, 'PENDING');
    assert.ok(ms >= 290 && ms < 5_000, `${ms} ms`);
  });

  test('ends at once when the client goes or the server drains, and gives up asking Temporal', async () => {
    const leaving = new AbortController();
    let givenUp: AbortSignal | undefined;
    const waiting = took(
      wait({
        signal: leaving.signal,
        untilNews: (signal) => {
          givenUp = signal;
          return never;
        },
      }),
    );
    setImmediate(() => leaving.abort());
    const [seen, ms] = await waiting;
    assert.equal(seen, 'PENDING');
    assert.ok(ms < 4_500, `${ms} ms`);
    assert.equal(givenUp?.aborted, true);
  });

  test('survives a database that fails meanwhile', async () => {
    let looks = 0;
    const look = async (): Promise<string> => {
      looks += 1;
      if (looks === 1) throw new Error('gone');
      return 'COMPLETED';
    };
    assert.equal(await wait({ look }), 'COMPLETED');
  });
});
