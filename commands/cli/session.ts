/** The session of a command: the client of the API that it was pointed to, and the output of its result. */
import type { Command } from 'commander';
import { createClient, type Client } from '../../client/client.ts';
import { readSettings } from '../../process/config.ts';
import { NoStackError } from '../../dev/stack-error.ts';
import { readStackFile } from '../../dev/stack-file.ts';
import { readApiKey } from '../../dev/api-key-file.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly apiUrl?: string;
}

export interface Session {
  readonly isJson: boolean;
  /** The address of the API. */
  readonly baseUrl: string;
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
    get baseUrl() {
      return findApi(apiUrl).baseUrl;
    },
    get client() {
      return (client ??= createClient({
        ...findApi(apiUrl),
        attemptsMax: ATTEMPTS_MAX,
        retryLimitMs: RETRY_LIMIT_MS,
      }));
    },
    print: (value, text) => console.log(isJson ? JSON.stringify(value, null, 2) : text()),
  };
}

/** The address of the API, and the key for it: of the stack on DATA_DIR only if it is that stack's API, lest another is told it. */
function findApi(given: string | undefined): { readonly baseUrl: string; readonly apiKey: string | undefined } {
  const { COUNTERPOISE_API_URL, COUNTERPOISE_API_KEY, DATA_DIR } = readSettings();
  const named = given ?? COUNTERPOISE_API_URL;
  try {
    const baseUrl = readStackFile(DATA_DIR).api;
    if (named === undefined || new URL(named).origin === new URL(baseUrl).origin)
      return { baseUrl: named ?? baseUrl, apiKey: COUNTERPOISE_API_KEY ?? readApiKey(DATA_DIR) };
    return { baseUrl: named, apiKey: COUNTERPOISE_API_KEY };
  } catch (error) {
    if (named !== undefined) return { baseUrl: named, apiKey: COUNTERPOISE_API_KEY };
    if (!(error instanceof NoStackError)) throw error;
    throw new NoStackError(`no stack runs in ${DATA_DIR}: start one with npm start, or say --api-url`);
  }
}
