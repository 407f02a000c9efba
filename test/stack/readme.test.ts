// What README.md shows of a terminal is what a reader gets who types the same on a new stack, but for times and the ids of movements.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { INVARIANTS, ORDER_INVARIANTS } from '../../audit/findings.ts';
import { drawnBy } from '../../commands/demo-orders-plan.ts';
import { startStack, type TestStack } from './stack.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUN_LIMIT_MS = 120_000;
const EVENTS_LIMIT_MS = 120_000;

interface Shown {
  readonly command: string;
  readonly output: string;
}

/** The commands in the console blocks of a section, with what is shown below each. */
function shownIn(section: string): Shown[] {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8');
  const text = readme.split('\n## ').find((part) => part.startsWith(`${section}\n`));
  assert.ok(text, `README.md has a section ${section}`);
  const blocks = [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((each) => {
        const [command, output] = /^((?:[^\n]*\\\n)*[^\n]*)\n(.*)$/s.exec(each)!.slice(1);
        return { command: command!, output: output!.trim() };
      }),
  );
}

/** A pattern of an output: `…` is anything, a time any time, an id that is not `known` any id, and a position or a cursor any. */
function patternOf(output: string, known: string): RegExp {
  const id = (text: string): string => (known.includes(text) ? text : String.raw`[0-9a-f-]{36}`);
  const pattern = output
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('…', '.*')
    .replaceAll(/^\d+ {2,}/gm, String.raw`\d+ +`)
    .replaceAll(/^(cursor +)\d+$/gm, String.raw`$1\d+`)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+\\\.\d{3}Z/g, String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, id);
  return new RegExp(`^${pattern}$`);
}

describe('README.md', () => {
  let stack: TestStack;
  before(async () => {
    stack = await startStack();
  });
  after(async () => {
    await stack?.remove();
  });

  const typed = (command: string): Promise<string> =>
    new Promise((resolve) => {
      const env = { ...process.env, DATA_DIR: stack.dataDir, COUNTERPOISE_API_URL: '' };
      const here = command.replaceAll('http://127.0.0.1:3000', stack.api).replaceAll('@.data/', `@${stack.dataDir}/`);
      const quiet = here.replace(/^curl /, 'curl --silent ');
      execFile('sh', ['-c', quiet], { cwd: ROOT, env, timeout: RUN_LIMIT_MS }, (_, stdout) => resolve(stdout.trim()));
    });

  for (const [section, count] of [
    ['A transfer by curl', 5],
    ['An order', 3],
    ['Command line and client', 7],
    ['Webhooks', 1],
  ] as const)
    test(`${section}: each command prints what is shown`, async () => {
      const shown = shownIn(section).filter(({ command }) => !command.startsWith('npm run demo'));
      assert.equal(shown.length, count);
      const isCurl = shown.some(({ command }) => command.startsWith('curl'));
      // By curl, keys are given, from which all ids follow.
      const known = shown.map(({ command, output }) => (isCurl ? command + output : command)).join('\n');
      for (const { command, output } of shown) {
        const pattern = patternOf(output, known);
        let printed = await typed(command);
        // Events are in the log a moment after what they tell of.
        const endsAt = performance.now() + EVENTS_LIMIT_MS;
        while (command.includes(' events ') && !pattern.test(printed) && performance.now() < endsAt)
          printed = await typed(command);
        assert.match(printed, pattern, command);
      }
    });
});

test('README.md: the demo of orders shows what its seed draws, and each invariant', () => {
  const [{ command, output }] = shownIn('An order') as [Shown];
  const [, seed] = /--seed (\d+)/.exec(command)!;
  const { orders, units, revenue, ends } = drawnBy({ seed: Number(seed), orders: 100, run: '' });
  const figuresOf = (what: string): string[] =>
    new RegExp(`^ +${what} +([^ ].*)$`, 'm').exec(output)?.[1]!.split(/ +/) ?? [];
  for (const [end, count] of Object.entries(ends)) assert.deepEqual(figuresOf(end), [`${count}`], end);
  assert.ok(output.includes(`${orders} orders of one seller, drawn by --seed ${seed}`));
  const [before, after] = figuresOf('Units on hand').map(Number) as [number, number];
  assert.equal(before - after, units);
  assert.deepEqual(figuresOf('Invoiced, USD'), ['0.0000', revenue]);
  for (const [name, sentence] of Object.entries({ ...INVARIANTS, ...ORDER_INVARIANTS }))
    assert.ok(output.includes(`  ✓ ${name}  ${sentence}\n`), name);
});
