/**
 * Children on a tether: they end when the process that started them, their owner, is gone, however it went. Beside each child
 * waits a shell that reads from a channel to the owner. The kernel closes the channel when the owner ends, and the shell then
 * signals the child. The pid that spawn returns is the child's own, and the child leads a process group of its own.
 */
import { spawn, type ChildProcess, type SpawnOptions, type StdioNull, type StdioPipe } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

export interface Tether {
  /** The signal that asks the child to end gracefully; SIGTERM by default. */
  readonly stopSignal?: NodeJS.Signals;
  /** The signal that ends the child if it has not ended: SIGKILL by default, or a signal that leaves less behind. */
  readonly forceSignal?: NodeJS.Signals;
  /** From the end of its owner until the child is asked to end, for other processes that still need it; 0 by default. */
  readonly lingerMs?: number;
  /** From then until the child is ended by force; GRACE_MS by default. Both times are rounded up to whole seconds. */
  readonly graceMs?: number;
}

/** A shell's exit code for a command that it does not find. */
export const COMMAND_NOT_FOUND = 127;
/** The time that a service needs to drain, and PostgreSQL to write its last checkpoint. */
const GRACE_MS = 10_000;
const SAID_LENGTH_MAX = 20_000;

export interface TetheredOptions extends Omit<SpawnOptions, 'detached' | 'shell' | 'stdio'> {
  readonly stdio: readonly (StdioNull | StdioPipe | 'ipc' | number)[];
}

/**
 * Spawns a child that does not outlive this process; processes that the child has started in its group do not outlive the child.
 * A command that is not there emits no 'error', but exits with COMMAND_NOT_FOUND.
 */
export function spawnTethered(
  command: string,
  args: readonly string[],
  { stdio, ...options }: TetheredOptions,
  { stopSignal = 'SIGTERM', forceSignal = 'SIGKILL', lingerMs = 0, graceMs = GRACE_MS }: Tether = {},
): ChildProcess {
  const limits = [lingerMs, graceMs].map((ms) => `${Math.ceil(ms / 1_000)}`);
  const signals = [stopSignal, forceSignal].map((signal) => signal.replace('SIG', ''));
  const child = spawn('/bin/sh', ['-c', script(stdio.length), 'tether', ...signals, ...limits, command, ...args], {
    ...options,
    detached: true,
    stdio: [...stdio, 'pipe'],
  });
  // If another child inherited this end, it would keep this child alive; Node marks the end to be closed in all else it spawns.
  const channel = channelOf(child, stdio.length);
  channel?.on('error', () => {}); // the shell may be killed
  channel?.unref();
  if (child.pid === undefined) channel?.destroy();
  child.once('exit', () => channel?.destroy());
  return child;
}

/** Runs a command that does not outlive this process; throws its output unless it exits with 0. */
export async function runTethered(
  command: string,
  args: readonly string[],
  options: Omit<TetheredOptions, 'stdio'>,
): Promise<void> {
  const child = spawnTethered(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [child.stderr!, child.stdout!].map(textOf);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return;
  throw new Error(output.map((text) => text().trim()).find((text) => text !== '') ?? signal ?? `exit code ${code}`);
}

/**
 * The script that /bin/sh runs, in POSIX alone: it forks the shell that waits, and becomes the command.
 *
 * - It forks twice, so that the waiting shell is no child of the command: PostgreSQL takes an unknown child that dies by a
 *   signal for a crash of its own.
 * - The waiting shell stays in the command's process group. While it stays there, the pid $$ is the command's or nobody's, for
 *   the system does not reuse the id of a process group (POSIX, Base Definitions, "Process ID Reuse").
 * - It holds none of the command's streams, because somebody may wait for their end.
 * - A frozen command acts on nothing but SIGKILL until it is thawed.
 * - Last, it ends the whole group, itself included.
 */
function script(channel: number): string {
  return `
( {
  while read -r _ <&${channel}; do :; done
  lives() { kill -0 $$; }
  wait_up_to() { n=$1; while [ "$n" -gt 0 ] && lives; do sleep 1; n=$((n - 1)); done; }
  wait_up_to "$3"; kill -s "$1" $$
  wait_up_to "$4"; kill -s "$2" $$; kill -s CONT $$
  wait_up_to 10; kill -s KILL -- "-$$"
} </dev/null >/dev/null 2>&1 & ) || exit
shift 4
exec "$@" ${channel}<&-`;
}

/** The channel; undefined if not even that could be opened, which the child's 'error' reports. */
function channelOf(child: ChildProcess, index: number): Socket | undefined {
  const streams = child.stdio as unknown as readonly (Socket | undefined)[] | undefined;
  return streams?.[index];
}

function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-SAID_LENGTH_MAX);
  });
  return () => text;
}
