/** The session of a command: the client of the API that it was pointed to, and the output of its result. */
import type { Command } from 'commander';
import { createClient, type Client } from '../../client/client.ts';
import { readSettings } from '../../process/config.ts';
import { NoStackError } from '../../dev/stack-error.ts';
import { readStackFile } from '../../dev/stack-file.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly apiUrl?: string;
}

export interface Session {
  readonly isJson: boolean;
  /** It connects to nothing before its first call. */
  readonly client: Client;
  /** Prints the result: `value` as JSON, or `text()`, which is called only if it is to be read. */
  readonly print: (value: unknown, text: () => string) => void;
}

/** Fewer and shorter than the client's defaults: a person waits at the prompt. */
const ATTEMPTS_MAX = 4;
const RETRY_LIMIT_MS = 15_000;

export function openSession(command: Command): Session {
  const { json: isJson = false, apiUrl } = command.optsWithGlobals<GlobalOptions>();
  let client: Client | undefined;
  return {
    isJson,
    get client() {
      return (client ??= createClient({
        baseUrl: findApi(apiUrl),
        attemptsMax: ATTEMPTS_MAX,
        retryLimitMs: RETRY_LIMIT_MS,
      }));
    },
    print: (value, text) => console.log(isJson ? JSON.stringify(value, null, 2) : text()),
  };
}

function findApi(given: string | undefined): string {
  if (given !== undefined) return given;
  const { COUNTERPOISE_API_URL, DATA_DIR } = readSettings();
  if (COUNTERPOISE_API_URL !== undefined) return COUNTERPOISE_API_URL;
  try {
    return readStackFile(DATA_DIR).api;
  } catch (error) {
    if (!(error instanceof NoStackError)) throw error;
    throw new NoStackError(`no stack runs in ${DATA_DIR}: start one with npm start, or say --api-url`);
  }
}
