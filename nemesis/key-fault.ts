/**
 * A key that ends while it is in use: it is revoked, or rotated without an overlap, as callers ask with it at every API, one of which
 * may be frozen meanwhile. Once the end was answered, no request that begins after that may be let in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../client/client.ts';
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
  const { apiKeys } = createClient({
    ...{ baseUrl: stack.api, apiKey: readApiKey(stack.dataDir) },
    ...{ timeoutMs: CALL_LIMIT_MS, attemptsMax: 1 },
  });
  const { secret, api_key_id: id } = await untilDone(() =>
    apiKeys.create({ name: 'nemesis', scopes: ['wallets:read'] }),
  );
  const use: Use = { secret: secret!, hasEnded: false, isOver: false, before: 0, after: 0 };
  const callers = [stack.api, stack.file().wallet_api ?? stack.api].map((base) => useKey(stage, base, use));
  await pause(usedMs, signal);
  const pid = frozenMs === undefined ? undefined : stack.process('wallet-api');
  const thaw = pid === undefined ? undefined : await freezeProcess(pid);
  try {
    // A repeat of a rotation whose answer was lost is refused, for the key has ended; that it has is what a revocation then says.
    const rotated = end === 'rotate' ? await apiKeys.rotate(id, { overlap: 0 }).catch(() => undefined) : undefined;
    if (rotated === undefined) await untilDone(() => apiKeys.revoke(id));
    use.hasEnded = true;
    await pause(frozenMs ?? 0, signal);
  } finally {
    use.isOver = true;
    thaw?.();
  }
  await Promise.all(callers);
  log(`a key was ${end}d after ${use.before} requests, and asked with ${use.after} times after that`);
  met('requests with a key that had ended', use.after);
}

interface Use {
  readonly secret: string;
  /** Whether the end of the key was answered. */
  hasEnded: boolean;
  /** Whether nobody needs to ask any more, but for what is to be asked after the end. */
  isOver: boolean;
  before: number;
  after: number;
}

/** Asks with the key until it has ended, and a few times after that. */
async function useKey({ violation }: Stage, base: string, use: Use): Promise<void> {
  for (let left = ASKED_AFTER; left > 0 && (use.hasEnded || !use.isOver);) {
    const { hasEnded } = use;
    const status = await fetch(`${base}/v1/wallets?limit=1`, {
      headers: { authorization: `Bearer ${use.secret}` },
      signal: AbortSignal.timeout(CALL_LIMIT_MS),
    }).then(
      (answer) => answer.body?.cancel().then(() => answer.status),
      () => undefined,
    );
    use[hasEnded ? 'after' : 'before'] += 1;
    if (hasEnded && status === 200) violation(`a key that had ended was let in at ${base}`);
    if (hasEnded) left -= 1;
    await sleep(ASK_EVERY_MS);
  }
}
