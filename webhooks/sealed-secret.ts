/**
 * Secrets at rest: AES-256-GCM, under a key that the database does not hold. Each sealed secret names its key, so that a new key
 * can come first in the list while what the old ones sealed is still read.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface SealingKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface SecretBox {
  /** `owner` is bound to it: the sealed secret of one endpoint does not open as another's. */
  readonly seal: (secret: string, owner: string) => string;
  /** Throws if the key is not there, or if the text was changed or is another owner's. */
  readonly open: (sealed: string, owner: string) => string;
  /** Whether it was sealed with the key that seals now. */
  readonly isCurrent: (sealed: string) => boolean;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const VERSION = 'v1';

/** The first key seals; all of them open. */
export function createSecretBox(keys: readonly [SealingKey, ...SealingKey[]]): SecretBox {
  const [current] = keys;
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    seal(secret, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, current.key, nonce).setAAD(Buffer.from(owner));
      const parts = [nonce, Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]), cipher.getAuthTag()];
      return [VERSION, current.id, ...parts.map((part) => part.toString('base64url'))].join('.');
    },
    open(sealed, owner) {
      const [version, id, ...parts] = sealed.split('.');
      const key = byId.get(id ?? '');
      if (version !== VERSION || parts.length !== 3) throw new Error('this is no sealed secret');
      if (key === undefined)
        throw new Error(`a secret was sealed with the key ${id}, which WEBHOOK_KEYS does not list`);
      const [nonce, text, tag] = parts.map((part) => Buffer.from(part, 'base64url'));
      const decipher = createDecipheriv(ALGORITHM, key, nonce!, { authTagLength: 16 }).setAAD(Buffer.from(owner));
      decipher.setAuthTag(tag!);
      return Buffer.concat([decipher.update(text!), decipher.final()]).toString('utf8');
    },
    isCurrent: (sealed) => sealed.split('.')[1] === current.id,
  };
}
