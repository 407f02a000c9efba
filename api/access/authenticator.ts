/**
 * The authentication of keys, without a statement for a key that is known. A key that was looked up is believed for KEY_LEASE_MS, and for
 * as long again after each poll of the database's revision, which names the keys that have changed. The times are this process's own
 * and begin before the statement is sent, so no two clocks have to agree: KEY_LEASE_MS after a change was committed, no process believes
 * what was before it. Who answers a change waits for so long.
 */
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { keyChanges, lookUpKey, type KeyChanges, type LookedUpKey } from '../../db/access/look-up.ts';
import { KEY_LEASE_MARGIN_MS, KEY_LEASE_MS, type Holder } from '../../domain/access/api-key.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { Authenticator } from '../http/authenticate.ts';
import { boundedQuery } from '../http/bounded-query.ts';

const POLL_EVERY_MS = 250;
const KNOWN_MAX = 10_000;

/** Waits until no process believes any more what was before a change that is committed. */
export async function untilLeasesEnd(): Promise<void> {
  await sleep(KEY_LEASE_MS + KEY_LEASE_MARGIN_MS);
}

interface Known {
  readonly holder: Holder;
  readonly lookedUpAt: number;
  /** Infinity if it does not expire. */
  readonly expiresAt: number;
  /** Whether the poll has said that it has changed since. */
  hasChanged: boolean;
}

export interface RunningAuthenticator extends Authenticator {
  readonly stop: () => void;
}

/** `knownMax` bounds the keys that are kept, the least recently used of which make way. */
export function createAuthenticator(database: Database, log: Logger, knownMax = KNOWN_MAX): RunningAuthenticator {
  /** By their hashes, the least recently used first. */
  const known = new Map<string, Known>();
  const underWay = new Map<string, { readonly since: number; readonly result: Promise<Known | undefined> }>();
  const stopping = new AbortController();
  let polled = { startedAt: -Infinity, revision: -1 };

  const isFresh = (since: number): boolean => performance.now() - Math.max(since, polled.startedAt) < KEY_LEASE_MS;
  void pollChanges(database, log, stopping.signal, {
    since: () => polled.revision,
    apply(startedAt, { revision, hashes }) {
      const changed = hashes?.map((digest) => known.get(digest)) ?? known.values();
      for (const entry of changed) if (entry !== undefined) entry.hasChanged = true;
      polled = { startedAt, revision };
    },
  });

  return {
    known(secret) {
      const digest = hash('sha256', secret, 'hex');
      const found = known.get(digest);
      if (found === undefined) return undefined;
      if (found.hasChanged || !isFresh(found.lookedUpAt) || performance.now() >= found.expiresAt) return 'familiar';
      known.delete(digest);
      known.set(digest, found);
      return found.holder;
    },
    async lookUp(secret) {
      const digest = hash('sha256', secret, 'hex');
      const joined = underWay.get(digest);
      if (joined !== undefined) {
        const shared = await joined.result;
        // One that began before this request counts for it as a key that is known does, and no longer.
        if (performance.now() - joined.since < KEY_LEASE_MS) return shared?.holder;
      }
      return (await lookUpAnew(digest))?.holder;
    },
    stop: () => stopping.abort(),
  };

  function lookUpAnew(digest: string): Promise<Known | undefined> {
    const since = performance.now();
    const result = boundedQuery(database, () => lookUpKey(database, Buffer.from(digest, 'hex'))).then((found) =>
      keep(digest, since, found),
    );
    const own = { since, result };
    underWay.set(digest, own);
    const forget = (): void => {
      if (underWay.get(digest) === own) underWay.delete(digest);
    };
    result.then(forget, forget);
    return result;
  }

  function keep(digest: string, lookedUpAt: number, found: LookedUpKey | undefined): Known | undefined {
    known.delete(digest);
    if (found === undefined) return undefined;
    const { holder, remainingMs = Infinity, revision } = found;
    // Changes up to the polled revision were dealt with before this was known, and this key may be among them.
    const entry = { holder, lookedUpAt, expiresAt: lookedUpAt + remainingMs, hasChanged: revision < polled.revision };
    known.set(digest, entry);
    if (known.size > knownMax) known.delete(known.keys().next().value!);
    return entry;
  }
}

/** Asks for the changes since a revision, again and again, and says when it began to ask. */
async function pollChanges(
  database: Database,
  log: Logger,
  stopping: AbortSignal,
  { since, apply }: { since: () => number; apply: (startedAt: number, changes: KeyChanges) => void },
): Promise<void> {
  let isFailing = false;
  while (!stopping.aborted) {
    const startedAt = performance.now();
    try {
      apply(startedAt, await boundedQuery(database, () => keyChanges(database, since())));
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the access database does not answer: each request asks it anew');
      isFailing = true;
    }
    await sleep(POLL_EVERY_MS, undefined, { signal: stopping }).catch(() => {});
  }
}
