/**
 * The root key of a stack in its data directory: `api-key`, and `auth-header` with the same key as a header. Both are of mode 0600.
 * Commands and tests find it by the directory.
 */
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawApiKey } from '../domain/access/api-key.ts';
import { makeDirectory } from './make-directory.ts';
import { replaceText } from './stack-file.ts';

function apiKeyFile(dataDir: string): string {
  return join(dataDir, 'api-key');
}

/** Undefined in the directory of a stack that has none, because a version before has made it. */
export function readApiKey(dataDir: string): string | undefined {
  const file = apiKeyFile(dataDir);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** The files of the keys that the migration installs, by the names of their settings. */
export type ApiKeyFiles = Readonly<Record<'ROOT_API_KEY_FILE' | 'ORDER_API_KEY_FILE' | 'WALLET_API_KEY_FILE', string>>;

export function apiKeyFiles(dataDir: string): ApiKeyFiles {
  return {
    ROOT_API_KEY_FILE: apiKeyFile(dataDir),
    ORDER_API_KEY_FILE: join(dataDir, 'service-keys', 'order'),
    WALLET_API_KEY_FILE: join(dataDir, 'service-keys', 'wallet-api'),
  };
}

/** Draws the keys that are not there yet. The header is written anew each time, from the key that is there. */
export function keepApiKeys(dataDir: string): ApiKeyFiles {
  makeDirectory(join(dataDir, 'service-keys'), 0o700);
  const files = apiKeyFiles(dataDir);
  for (const file of Object.values(files)) if (!existsSync(file)) replaceText(file, `${newApiKey()}\n`);
  writeAuthHeader(dataDir);
  return files;
}

/** Puts a new root key in the place of the one that is there, and returns it. */
export function replaceRootKey(dataDir: string): string {
  const secret = newApiKey();
  replaceText(apiKeyFile(dataDir), `${secret}\n`);
  writeAuthHeader(dataDir);
  return secret;
}

function writeAuthHeader(dataDir: string): void {
  replaceText(join(dataDir, 'auth-header'), `Authorization: Bearer ${readApiKey(dataDir)}\n`);
}

function newApiKey(): string {
  return drawApiKey(randomInt);
}
