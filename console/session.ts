/**
 * Who has signed in. The key is kept for this tab alone, in sessionStorage: another tab, and this one once it is closed, has to sign in
 * itself. It leaves the page in one header only, which the client sends to this very origin.
 */
import { computed, signal } from '@preact/signals';
import { CounterpoiseError, createClient, type Client } from '../client/client.ts';

const STORED = 'counterpoise-session';
/** Where the dialogs keep whom the person decides for. */
export const ON_BEHALF_OF = 'counterpoise-on-behalf-of';

interface Stored {
  readonly key: string;
  /** Of a session that began with a link: it is revoked when the person signs out. */
  readonly apiKeyId?: string;
  /** Whose key it is. Only a link's answer tells. */
  readonly principalId?: string;
}

/** An API that asks for no keys says so in its page. */
const asksForKeys = document.documentElement.dataset['auth'] !== 'off';

const session = signal<Stored | undefined>(read());
/** Why the person has to sign in again. */
export const farewell = signal<string | undefined>(undefined);
export const isSignedIn = computed(() => !asksForKeys || session.value !== undefined);
export const hasKey = computed(() => session.value !== undefined);
/** Undefined where it is not known, as after signing in with a key. */
export const ownPrincipalId = computed(() => session.value?.principalId);

/** Fewer tries than a program makes: a person looks at the page. */
const BOUNDS = { attemptsMax: 3, retryLimitMs: 8_000 };

export const client = computed(() => clientWith(session.value?.key));

function clientWith(apiKey: string | undefined): Client {
  return createClient({ baseUrl: location.origin, apiKey, ...BOUNDS });
}

/** Throws the client's error if the key is not accepted. */
export async function signInWithKey(key: string): Promise<void> {
  try {
    await clientWith(key).wallets.list({ limit: 1 });
  } catch (error) {
    // A key that may not list wallets is a key; each page tells which scope it lacks.
    if (!(error instanceof CounterpoiseError && error.code === 'scope_missing')) throw error;
  }
  keep({ key });
}

/** Throws the client's error if the link was used or has expired. */
export async function signInWithLink(link: string): Promise<void> {
  // A second try could not succeed, because the first may have used the link up.
  const once = createClient({ baseUrl: location.origin, attemptsMax: 1 });
  const made = await once.consoleSessions.create(link);
  keep({ key: made.secret!, apiKeyId: made.api_key_id, principalId: made.principal_id });
}

export function signOut(): void {
  const { apiKeyId } = session.value ?? {};
  if (apiKeyId !== undefined) client.value.apiKeys.revoke(apiKeyId).catch(() => {});
  // Whoever signs in next decides for somebody else, or for nobody.
  sessionStorage.removeItem(ON_BEHALF_OF);
  forget(undefined);
}

/** To be told of every failed call: a key that is not accepted any more ends the session, and leaves the place as it is. */
export function noticeRefusal(error: unknown): void {
  if (error instanceof CounterpoiseError && error.code === 'not_authenticated' && session.value !== undefined)
    forget('The key is not accepted any more. Sign in again to go on where you were.');
}

/** Takes the secret of a one-time link out of the address, so that it is in no history. */
export function takeLink(): string | undefined {
  const link = /^#link=([\w-]+)$/.exec(location.hash)?.[1];
  if (link !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return link;
}

function keep(next: Stored): void {
  sessionStorage.setItem(STORED, JSON.stringify(next));
  farewell.value = undefined;
  session.value = next;
}

function forget(why: string | undefined): void {
  sessionStorage.removeItem(STORED);
  farewell.value = why;
  session.value = undefined;
}

function read(): Stored | undefined {
  const text = sessionStorage.getItem(STORED);
  return text === null ? undefined : (JSON.parse(text) as Stored);
}
