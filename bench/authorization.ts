/** The header by which the bench calls the stack that runs on its data directory: with the root key. */
import { readApiKey } from '../dev/api-key-file.ts';

let dataDir: string | undefined;

/** To be called once the stack is there; before, no call has a key. */
export function callStackOn(directory: string): void {
  dataDir = directory;
}

export function apiKey(): string | undefined {
  return dataDir === undefined ? undefined : readApiKeyOnce(dataDir);
}

export function authorization(): Record<string, string> {
  const key = apiKey();
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

const read = new Map<string, string | undefined>();

function readApiKeyOnce(directory: string): string | undefined {
  if (!read.has(directory)) read.set(directory, readApiKey(directory));
  return read.get(directory);
}
