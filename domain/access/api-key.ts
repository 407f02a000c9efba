/**
 * The text of an API key: `cpk_`, 43 characters that are drawn from 62 (256 bits), and 6 of a checksum. Secret scanners find it by
 * API_KEY_PATTERN, and whoever checks the sum tells a typo from a key that is not known, without a database.
 */
import type { ApiKeyId, PrincipalId } from '../ids.ts';
import type { Tenant } from '../tenant.ts';
import type { Scope } from './scopes.ts';

/** For secret scanners, as docs/decisions/0039-credentials.md tells them. */
const API_KEY_PATTERN = /^cpk_[0-9A-Za-z]{49}$/;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 is a little more than 2^256. */
const CHARACTERS = 43;
const PREFIX = 'cpk_';
/** 62^6 is more than 2^32. */
const CHECKSUM_CHARACTERS = 6;

/** The name under which the transfer API's own key is installed: the wallet API believes that key about who has asked it. */
export const API_KEY_NAME = 'api';

/**
 * The name under which the order worker's key is installed: the API believes that key about for which tenant it asks, because the money of
 * an order moves over the public API.
 */
export const ORDER_KEY_NAME = 'worker-order';

/** The names of the installed keys' principals. Nobody else may be called so, in any tenant. */
export const RESERVED_PRINCIPALS: readonly string[] = [API_KEY_NAME, ORDER_KEY_NAME];

/** A process believes what it knows of a key for so long after it began to ask. */
export const KEY_LEASE_MS = 1_000;
/** For a clock that runs a little slower than another: after the lease and this, a change of a key holds in every process. */
export const KEY_LEASE_MARGIN_MS = 100;

/** A key is valid for so long unless its maker says otherwise, and never for longer than the second. */
export const KEY_SECONDS_DEFAULT = 90 * 86_400;
export const KEY_SECONDS_MAX = 365 * 86_400;
/** For how long the former secret stays valid after a rotation, unless the request says otherwise, and at most. */
export const OVERLAP_SECONDS_DEFAULT = 86_400;
export const OVERLAP_SECONDS_MAX = 7 * 86_400;

export const PRINCIPAL_KINDS = ['human', 'service'] as const;
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

/** What a key lets its holder do. */
export interface Rights {
  readonly scopes: readonly Scope[];
  /** The networks from which it is accepted; undefined for any. */
  readonly cidrs: readonly string[] | undefined;
  /** Requests a second, and how many at once after a rest; undefined for no bound of its own. */
  readonly rate: Rate | undefined;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Who holds a key, and what it allows. */
export interface Holder extends Rights {
  readonly apiKeyId: ApiKeyId;
  readonly principalId: PrincipalId;
  /** The name of the principal. */
  readonly principal: string;
  readonly kind: PrincipalKind;
  readonly tenant: Tenant;
  /** The name under which the key was installed with the services; left out for any other. */
  readonly installedAs?: string | undefined;
}

/** Draws a key. `randomBelow` returns a whole number below its argument, which nobody can foretell. */
export function drawApiKey(randomBelow: (limit: number) => number): string {
  const drawn = Array.from({ length: CHARACTERS }, () => ALPHABET[randomBelow(ALPHABET.length)]).join('');
  return PREFIX + drawn + checksumOf(drawn);
}

/** Whether a text is an API key that somebody may have made: its form and its checksum are right. */
export function isApiKey(text: string): boolean {
  if (!API_KEY_PATTERN.test(text)) return false;
  const drawn = text.slice(PREFIX.length, -CHECKSUM_CHARACTERS);
  return text.endsWith(checksumOf(drawn));
}

/** CRC-32 (as in gzip) of the characters, in base 62 with leading zeros. */
function checksumOf(drawn: string): string {
  let rest = crc32(drawn);
  let text = '';
  for (let n = 0; n < CHECKSUM_CHARACTERS; n += 1) {
    text = ALPHABET[rest % 62]! + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function crc32(ascii: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < ascii.length; at += 1) {
    crc ^= ascii.charCodeAt(at);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
