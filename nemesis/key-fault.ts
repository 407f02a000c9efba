/**
 * A key that ends while it is in use: it is revoked, or rotated without an overlap, as callers ask with it at every API, one of which
 * may be frozen meanwhile. Once the end was answered, no request that begins after that may be let in.
 */
import { randomUUID } from 'node:crypto';
import { readApiKey } from '../dev/api-key-file.ts';
import { freezeProcess } from '../dev/freeze.ts';
import type { FaultKind, Stage } from './fault.ts';
import { pause, untilDone } from './pause.ts';

const CALL_LIMIT_MS = 8_000;
const ASK_EVERY_MS = 50;
/** Asked with the ended key by each caller. Few, for an address that fails often is refused whatever it asks with. */
const ASKED_AFTER = 3;
/** Longer than a process believes what it knows of a key: one that thaws must ask anew. */
const FROZEN_MS = { min: 1_200, max: 3_000 };

interface Course {
  readonly end: 'revoke' | 'rotate';
  readonly frozenMs: number | undefined;
  readonly usedMs: number;
}

export const endedKey: FaultKind = {
  kind: 'key ended in use',
  weight: 1,
  draw: (draws) => {
    const end = draws.chance(0.7, 'end') ? 'revoke' : 'rotate';
    const frozenMs = draws.chance(0.4, 'frozen') ? draws.whole(FROZEN_MS.min, FROZEN_MS.max, 'for') : undefined;
    const usedMs = draws.whole(300, 1_500, 'used');
    return {
      name: `a key in use is ${end}d${frozenMs === undefined ? '' : ', and the wallet API frozen meanwhile'}`,
      kind: 'key ended in use',
      lastsMs: 3_000 + usedMs + (frozenMs ?? 0),
      strike: (stage, signal) => strike(stage, signal, { end, frozenMs, usedMs }),
    };
  },
};

async function strike(stage: Stage, signal: AbortSignal, { end, frozenMs, usedMs }: Course): Promise<void> {
  const { stack, log, met } = stage;
  const { secret, api_key_id: id } = await untilDone(() =>
    asOperator(stage, '/v1/api-keys', { name: 'nemesis', scopes: ['wallets:read'] }),
  );
  const isOver = new AbortController();
  const asked = { before: 0, after: 0 };
  const callers = [stack.api, stack.file().wallet_api ?? stack.api].map((base) =>
    useKey(stage, base, secret, { isOver: isOver.signal, asked }),
  );
  await pause(usedMs, signal);
  const pid = frozenMs === undefined ? undefined : stack.process('wallet-api');
  const thaw = pid === undefined ? undefined : await freezeProcess(pid);
  try {
    // A repeat of a rotation whose answer was lost is refused, for the key has ended; that it has is what a revocation then says.
    const rotated =
      end === 'rotate' && (await asOperator(stage, `/v1/api-keys/${id}/rotate`, { overlap: 0 }).catch(() => undefined));
    if (!rotated) await untilDone(() => asOperator(stage, `/v1/api-keys/${id}/revoke`));
    isOver.abort();
    await pause(frozenMs ?? 0, signal);
  } finally {
    isOver.abort();
    thaw?.();
  }
  await Promise.all(callers);
  log(`a key was ${end}d after ${asked.before} requests, and asked with ${asked.after} times after that`);
  met('requests with a key that had ended', asked.after);
}

interface Use {
  /** Aborted once the end of the key was answered. */
  readonly isOver: AbortSignal;
  readonly asked: { before: number; after: number };
}

/** Asks with the key until it has ended, and a few times after that. */
async function useKey({ violation }: Stage, base: string, secret: string, { isOver, asked }: Use): Promise<void> {
  for (let left = ASKED_AFTER; left > 0;) {
    const hasEnded = isOver.aborted;
    const status = await fetch(`${base}/v1/wallets?limit=1`, {
      headers: { authorization: `Bearer ${secret}` },
      signal: AbortSignal.timeout(CALL_LIMIT_MS),
    }).then(
      (answer) => answer.body?.cancel().then(() => answer.status),
      () => undefined,
    );
    asked[hasEnded ? 'after' : 'before'] += 1;
    if (hasEnded && status === 200) violation(`a key that had ended was let in at ${base}`);
    if (hasEnded) left -= 1;
    await pause(ASK_EVERY_MS, new AbortController().signal);
  }
}

async function asOperator({ stack }: Stage, path: string, body?: object): Promise<Made> {
  const answer = await fetch(stack.api + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readApiKey(stack.dataDir)}`,
      'idempotency-key': randomUUID(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path} was answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Made;
}

interface Made {
  readonly api_key_id: string;
  readonly secret: string;
}
