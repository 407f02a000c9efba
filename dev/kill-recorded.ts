/**
 * A kill -9 of a whole stack, by the processes that its data directory records. It is for a process that must leave no stack
 * behind, even in an exit hook: it waits for nothing but the end of the launcher.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, send, type ProcessRecord } from './processes.ts';

/** The launcher first, so that it starts nothing again. */
export function killRecorded(dataDir: string): void {
  const file = join(dataDir, 'processes.json');
  if (!existsSync(file)) return;
  const read = (): Record<string, ProcessRecord> =>
    JSON.parse(readFileSync(file, 'utf8')) as Record<string, ProcessRecord>;
  const { launcher } = read();
  if (launcher && isRunning(launcher)) send(launcher.pid, 'SIGKILL');
  while (launcher && isRunning(launcher)); // a moment, and an exit hook cannot wait otherwise
  for (const record of Object.values(read())) if (isRunning(record)) send(record.pid, 'SIGKILL');
}
