/**
 * The one-time links by which a person on this machine signs in to the console. They are kept in this process's memory, as hashes, so
 * that a restart ends them; each is taken once, and within LINK_SECONDS.
 */
import { hash, randomBytes } from 'node:crypto';
import type { Holder } from '../../domain/access/api-key.ts';

export const LINK_SECONDS = 900;
/** More than anybody looks at; the oldest makes way. */
const LINKS_MAX = 100;
/** 256 random bits, which nobody guesses; base64url, so that a URL has it as it is. */
const TOKEN_BYTES = 32;

export interface ConsoleLinks {
  /** Returns the secret of a new link, by which who has it gets a key of the holder's rights. */
  readonly make: (holder: Holder) => string;
  /** The holder who made the link, once; undefined if there is no such link, it was taken, or it has expired. */
  readonly take: (secret: string) => Holder | undefined;
}

export function createConsoleLinks(now: () => number = () => performance.now()): ConsoleLinks {
  /** By the hashes of their secrets, the oldest first. */
  const open = new Map<string, { readonly holder: Holder; readonly expiresAtMs: number }>();
  return {
    make(holder) {
      const secret = randomBytes(TOKEN_BYTES).toString('base64url');
      open.set(hash('sha256', secret, 'hex'), { holder, expiresAtMs: now() + LINK_SECONDS * 1_000 });
      if (open.size > LINKS_MAX) open.delete(open.keys().next().value!);
      return secret;
    },
    take(secret) {
      const digest = hash('sha256', secret, 'hex');
      const found = open.get(digest);
      open.delete(digest);
      return found !== undefined && now() < found.expiresAtMs ? found.holder : undefined;
    },
  };
}
