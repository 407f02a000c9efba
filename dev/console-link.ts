/**
 * The address of the console with a link that signs in once, asked of the stack's API with its root key. Printed where a person reads it,
 * and written nowhere else.
 */
import { readApiKey } from './api-key-file.ts';

const CALL_LIMIT_MS = 3_000;

/** Without a link, where one cannot be had: the console asks for a key then. */
export async function consoleLink(api: string, dataDir: string): Promise<string> {
  const key = readApiKey(dataDir);
  try {
    const response = await fetch(`${api}/v1/console-links`, {
      method: 'POST',
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(CALL_LIMIT_MS),
    });
    if (response.ok) return api + ((await response.json()) as { path: string }).path;
    await response.body?.cancel();
  } catch {
    // The stack is up all the same.
  }
  return `${api}/console`;
}
