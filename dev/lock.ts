/**
 * Locks between processes, held by the kernel for as long as the holder lives: a file lock that SQLite
 * takes on an otherwise empty database. A holder that is killed frees it at that instant, so no lock is
 * ever stale and no pid has to be trusted.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** Takes the lock and returns its release, or undefined when another holder has it. */
export function tryLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    // https://www.sqlite.org/rescode.html#busy
    if ((error as { errcode?: number }).errcode === 5) return undefined;
    throw error;
  }
}

/** Runs `work` while holding the lock; `waiting` is called once if another process has it first. */
export async function withLock<Result>(
  file: string,
  waiting: () => void,
  work: () => Promise<Result>,
): Promise<Result> {
  let release = tryLock(file);
  if (!release) waiting();
  while (!release) {
    await sleep(250);
    release = tryLock(file);
  }
  try {
    return await work();
  } finally {
    release();
  }
}
