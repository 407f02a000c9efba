/**
 * The peers, which a user might choose instead, as subjects of the bench: each is a process of its own that runs the bench's
 * statements with its engine, and is called over HTTP, one request a transfer, answered at its end. When a subject closes, the
 * transfers that it reported as done are checked in the databases.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LATE, within } from '../../process/deadline.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { nextMovement, type Movement } from '../statements.ts';
import type { Ground, Subject, SubjectKind } from '../subject.ts';
import { assertMoved } from './moved.ts';

/** The part of the ground that a peer's process is given. */
export type PeerGround = Omit<Ground, 'nextPair'>;

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
/** Longer than any transfer takes, so that a subject that hangs fails: with 500 at once on a slow machine, over a minute. */
const ANSWER_LIMIT_MS = 240_000;

/** Runs on the Temporal server of the ground, with packages that Counterpoise has anyway. */
export const templateKind: SubjectKind = peer('template', 'Temporal, the money-transfer template');

/** Need the packages of this folder: npm ci --prefix bench/peers. */
export const peerKinds: readonly SubjectKind[] = [peer('dbos', 'DBOS Transact'), peer('restate', 'Restate')];

export function arePeersInstalled(): boolean {
  return existsSync(new URL('node_modules/', import.meta.url));
}

/** `id` is the name of the peer's file. */
function peer(id: string, name: string): SubjectKind {
  return { id, name, open: (ground) => openPeer(name, `${id}.ts`, ground) };
}

async function openPeer(name: string, file: string, ground: Ground): Promise<Subject> {
  const { nextPair: _, ...told } = ground;
  const logFile = join(ground.directory, `${file}.log`);
  const log = openSync(logFile, 'a');
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const ready = once(child, 'message') as Promise<[{ url: string }]>;
  child.send(told satisfies PeerGround);
  const first = await within(READY_LIMIT_MS, Promise.race([ready, ended.then(() => undefined)]));
  if (first === LATE || first === undefined) {
    child.kill('SIGKILL');
    throw new Error(`${name} did not start: ${readFileSync(logFile, 'utf8').slice(-1_000)}`);
  }
  const [{ url }] = first;

  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const moved: TransferTerms[] = [];
  return {
    pid: () => child.pid!,
    async once() {
      const movement = nextMovement(ground);
      const { status, text } = await post(agent, url, movement);
      if (status !== 200) throw new Error(`${name} answered ${status}: ${text}`);
      moved.push(movement.terms);
    },
    async close() {
      agent.destroy();
      await stop(child, ended);
      await assertMoved(ground.administrators, moved);
    },
  };
}

function post(agent: Agent, url: string, movement: Movement): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(movement);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': movement.idempotencyKey,
    };
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const sent = request(url, { method: 'POST', agent, headers, signal }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Closes the peer's channel, at which it ends; so it also ends with the bench, however that ends. */
async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect();
  const first = await Promise.race([ended, sleep(STOP_LIMIT_MS, LATE, { ref: false })]);
  if (first === LATE) child.kill('SIGKILL');
  await ended;
}
