/**
 * The encryption of what workflows are given, return and fail with, between this process and Temporal: AES-256-GCM, under keys that
 * Temporal never sees. Each payload names its key, so that a new key can come first in the list while what the old ones encrypted is
 * still read. A payload that is not encrypted is read as it is, so histories from before go on.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

export interface PayloadKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The error that a payload cannot be read: its key is missing here, or it was changed on the way. */
export class PayloadUnreadable extends Error {
  override readonly name = 'PayloadUnreadable';
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** As Temporal's own samples name it, so that the Web UI and other tools know it for encrypted. */
const ENCODING = Buffer.from('binary/encrypted');
const CIPHER = Buffer.from('AES-256-GCM');

const wire = proto.temporal.api.common.v1.Payload;

/** The first key encrypts unless `isEncrypting` is false; all of them decrypt. */
export function createPayloadCodec(keys: readonly [PayloadKey, ...PayloadKey[]], isEncrypting = true): PayloadCodec {
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encode: async (payloads) => (isEncrypting ? payloads.map((payload) => encrypt(payload, keys[0])) : payloads),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, byId)),
  };
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(boundTo(id));
  const text = Buffer.concat([cipher.update(wire.encode(payload).finish()), cipher.final()]);
  return {
    metadata: { encoding: ENCODING, 'encryption-cipher': CIPHER, 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([nonce, text, cipher.getAuthTag()]),
  };
}

function decrypt(payload: Payload, keys: ReadonlyMap<string, Uint8Array>): Payload {
  const { metadata, data } = payload;
  if (!ENCODING.equals(metadata?.['encoding'] ?? Buffer.alloc(0))) return payload;
  const id = Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();
  const key = keys.get(id);
  if (key === undefined)
    throw new PayloadUnreadable(
      `a payload was encrypted with the key ${JSON.stringify(id)}, which PAYLOAD_KEYS does not list`,
    );
  const bytes = Buffer.from(data ?? []);
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(boundTo(id))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return wire.decode(Buffer.concat([text, decipher.final()]));
  } catch (error) {
    throw new PayloadUnreadable(`a payload that the key ${JSON.stringify(id)} has encrypted was changed since`, {
      cause: error,
    });
  }
}

/** The key's id alone: the Web UI sends payloads to be decrypted without telling of which workflow they are. */
function boundTo(id: string): Buffer {
  return Buffer.from(`counterpoise-payload\0${id}`);
}
