#!/usr/bin/env node
/**
 * `npx counterpoise`: the command line, whatever Node it is started with. One that cannot run TypeScript hands over to the
 * Node that is installed beside it (the package `node`), with the same arguments, streams and signals, and ends as that does.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const command = new URL('../commands/counterpoise.ts', import.meta.url);

if (process.features.typescript) await import(command.href);
else {
  const packaged = createRequire(import.meta.url).resolve('node/package.json');
  const node = join(dirname(packaged), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const child = spawn(node, [fileURLToPath(command), ...process.argv.slice(2)], { stdio: 'inherit' });
  // From a terminal the child gets Ctrl-C itself.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Node ${process.versions.node} cannot run this, and ${node} does not start: ${error.message}`);
    process.exitCode = 3;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
