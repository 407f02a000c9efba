// The packages that run in production: each has a reason in SECURITY.md, an exact version, and a permissive license.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

interface Locked {
  readonly dev?: boolean;
  readonly license?: string;
}

const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };

const PERMISSIVE = [
  ...['MIT', 'Apache-2.0', 'Apache-2.0 AND MIT', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'BlueOak-1.0.0'],
  'Unlicense',
];
/** Its lock file's entry names none, or one for what is no program. */
const LOOKED_AT: Readonly<Record<string, string>> = {
  // Its package.json names none; its file LICENSE is the Unlicense.
  unionfs: 'none is named in the lock file',
  // Facts about browsers, which the bundler of the workflow code reads.
  'caniuse-lite': 'CC-BY-4.0',
  // Runs in the tests alone, as it is.
  'axe-core': 'MPL-2.0',
};

test('each package that runs in production has a reason in SECURITY.md, and nothing else has one', () => {
  const section = read('SECURITY.md').split('\n## Dependencies\n')[1]!;
  const listed = [...section.matchAll(/^\| `([^`]+)` *\| (\S.*\S) *\|$/gm)].map(([, name]) => name);
  assert.deepEqual(listed, Object.keys(dependencies!).sort());
});

test('each version is exact', () => {
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
});

test('each license is one that asks for no more than to be named', () => {
  const others = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { license }]) => [path.split('node_modules/').at(-1)!, license ?? 'none is named in the lock file'])
    .filter(([name, license]) => !PERMISSIVE.includes(license!) && LOOKED_AT[name!] !== license);
  assert.deepEqual(others, []);
});
