import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createNews } from '../../workers/events/news.ts';

const LONG_MS = 60_000;
const NOT_ENDED = new AbortController().signal;

async function assertEndsEarly(waiting: Promise<void>): Promise<void> {
  const beganAt = performance.now();
  await waiting;
  assert.ok(performance.now() - beganAt < LONG_MS / 2);
}

describe('news', () => {
  test('end a wait that began before them, and one whose look began before them', async () => {
    const news = createNews();
    const waiting = news.until(news.heard(), LONG_MS, NOT_ENDED);
    const heard = news.heard();
    news.wake();
    await assertEndsEarly(waiting);
    await assertEndsEarly(news.until(heard, LONG_MS, NOT_ENDED));
  });

  test('of before the look end no wait, which ends by its time or the signal', async () => {
    const news = createNews();
    news.wake();
    const beganAt = performance.now();
    await news.until(news.heard(), 100, NOT_ENDED);
    assert.ok(performance.now() - beganAt > 90);
    const ending = new AbortController();
    const waiting = news.until(news.heard(), LONG_MS, ending.signal);
    ending.abort();
    await assertEndsEarly(waiting);
  });

  test('that do not come keep nothing of the waits for them, however long nothing happens', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const news = createNews();
    const usedAfter = async (waits: number): Promise<number> => {
      for (let n = 0; n < waits; n += 1) await news.until(news.heard(), 0, NOT_ENDED);
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await usedAfter(500);
    const waits = 4_000;
    const grown = (await usedAfter(waits)) - before;
    assert.ok(grown / waits < 50, `${grown / waits} bytes of each`);
  });
});
