/**
 * The freezing of processes by SIGSTOP: their connections stay open, and nothing answers. The code that freezes a process has to
 * thaw it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './processes.ts';

const STOP_LIMIT_MS = 5_000;

/** Freezes a process and its children; resolves once they have stopped, with the function that thaws them. */
export async function freezeProcess(pid: number): Promise<() => void> {
  const all = execFileSync('ps', ['-eo', 'pid=,ppid='])
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid, ...all.flatMap(([child, parent]) => (parent === pid ? [child!] : []))];
  for (const each of family) send(each, 'SIGSTOP');
  if (process.platform === 'linux') {
    const until = Date.now() + STOP_LIMIT_MS;
    while (!family.every(hasStopped)) {
      if (Date.now() > until)
        throw new Error(`${pid} still runs, ${STOP_LIMIT_MS / 1_000} s after it was told to stop`);
      await sleep(20);
    }
  }
  return () => {
    for (const each of family.toReversed()) send(each, 'SIGCONT');
  };
}

/** Whether a process is stopped or gone, as the kernel shows it. */
export function hasStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return ['T', 't', 'Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0]!);
  } catch {
    return true;
  }
}
