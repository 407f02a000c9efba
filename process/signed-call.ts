/**
 * The signatures by which services of one installation know each other where there is no PKI: HMAC-SHA256 with a key that both have
 * from a file. A call's covers its method, target, body, time and a nonce, so that it counts once and for half a minute only; its
 * answer's covers the nonce, the status and the body, so that a caller believes nobody else.
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

export interface SigningKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}
/** The first one signs; all of them are believed. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

export interface Call {
  readonly method: string;
  /** The path with its query. */
  readonly target: string;
  readonly body: Uint8Array | string;
}

export const SIGNATURE_HEADER = 'counterpoise-signature';
export const ANSWER_SIGNATURE_HEADER = 'counterpoise-answer-signature';

/** How far the clocks of two services may be apart, with the time under way. */
const VALID_MS = 30_000;
/** Of the nonces of a minute; calls come by chunks of batches and by pages of a reconciliation. */
const NONCES_MAX = 100_000;
const SIGNATURE = /^key=([\w-]{1,32}),t=(\d{1,15}),nonce=([0-9a-f-]{36}),v1=([0-9a-f]{64})$/;

export interface SignedCall {
  /** The value of SIGNATURE_HEADER. */
  readonly signature: string;
  /** Throws unless it is the answer to this call by somebody who has the key. */
  readonly verifyAnswer: (status: number, body: Uint8Array, signature: string | undefined) => void;
}

export function signCall([{ id, key }]: SigningKeys, call: Call, nowMs = Date.now()): SignedCall {
  const nonce = randomUUID();
  const v1 = callMac(key, call, id, nowMs, nonce);
  return {
    signature: `key=${id},t=${nowMs},nonce=${nonce},v1=${v1}`,
    verifyAnswer(status, body, signature) {
      if (!isEqual(signature ?? '', answerMac(key, nonce, status, body)))
        throw new Error(
          `the answer (${status}) is not signed by a service of this installation: INTERNAL_KEYS or the clocks differ, or it was changed`,
        );
    },
  };
}

export interface CallVerifier {
  /** Returns what signs the answer, or why the call is not believed. A call is believed once. */
  readonly verify: (
    signature: string | undefined,
    call: Call,
    nowMs?: number,
  ) => { readonly refusal: string } | { readonly signAnswer: (status: number, body: Uint8Array) => string };
}

export function createCallVerifier(keys: SigningKeys): CallVerifier {
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  /** By nonce, until when it is remembered; oldest first. */
  const seen = new Map<string, number>();
  return {
    verify(signature, call, nowMs = Date.now()) {
      const [, id, at, nonce, v1] = SIGNATURE.exec(signature ?? '') ?? [];
      const key = byId.get(id ?? '');
      if (key === undefined || nonce === undefined)
        return { refusal: 'The call is not signed with a key of this service.' };
      if (!isEqual(v1!, callMac(key, call, id!, Number(at), nonce)))
        return { refusal: 'The signature is not of this call.' };
      if (Math.abs(nowMs - Number(at)) > VALID_MS)
        return { refusal: 'The signature is too old, or the clocks of the two services are apart.' };
      for (const [old, until] of seen) {
        if (until >= nowMs) break;
        seen.delete(old);
      }
      if (seen.has(nonce)) return { refusal: 'The call was made before.' };
      // To forget one early would let its call be repeated.
      if (seen.size >= NONCES_MAX) return { refusal: 'Too many calls within a minute.' };
      seen.set(nonce, nowMs + 2 * VALID_MS);
      return { signAnswer: (status, body) => answerMac(key, nonce, status, body) };
    },
  };
}

function callMac(key: Uint8Array, { method, target, body }: Call, id: string, atMs: number, nonce: string): string {
  return mac(key, ['call', id, String(atMs), nonce, method, target, hashOf(body)]);
}

function answerMac(key: Uint8Array, nonce: string, status: number, body: Uint8Array): string {
  return mac(key, ['answer', nonce, String(status), hashOf(body)]);
}

function mac(key: Uint8Array, parts: readonly string[]): string {
  return createHmac('sha256', key).update(parts.join('\n')).digest('hex');
}

function hashOf(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('hex');
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
