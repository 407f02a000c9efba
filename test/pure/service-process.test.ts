// A service's process ends when it is told to, whatever it waits for.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';

const RUN_SERVICE = new URL('../../process/run-service.ts', import.meta.url).href;
const LIMIT_MS = 120_000;

/** A service whose start, or whose end, waits for ever. */
const services = {
  'that still starts': `() => { console.log('begun'); return new Promise(() => {}); }`,
  'whose end does not come': `async () => { console.log('begun'); return { stop: () => new Promise(() => {}) }; }`,
};

describe('the process of a service', { concurrency: true }, () => {
  for (const [what, start] of Object.entries(services))
    test(`${what} ends when it is told to`, { timeout: LIMIT_MS }, async (t) => {
      const program = `
        import { runService } from '${RUN_SERVICE}';
        setInterval(() => {}, 1_000);
        await runService('test', ${start});`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent' },
      });
      t.after(() => child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      assert.equal(code, 1);
    });
});
