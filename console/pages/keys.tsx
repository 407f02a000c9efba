/** The keys of the API, without their secrets, newest first; each can be revoked. */
import { useState } from 'preact/hooks';
import type { ApiKey, Client } from '../../client/client.ts';
import { actionOf, type Action } from '../actions/action.ts';
import { Decide } from '../actions/decide.tsx';
import type { Seen } from '../format/difference.ts';
import { List } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';

/** As many names as a row has room for; more of them are opened. */
const SCOPES_INLINE = 2;

export function Keys() {
  const [revoking, setRevoking] = useState<ApiKey | undefined>(undefined);
  const [round, setRound] = useState(0);
  return (
    <>
      <List
        key={round}
        title="Keys"
        ask={(client, query, signal) => client.apiKeys.list(query, { signal })}
        columns={[
          { name: 'key', of: ({ hint, api_key_id }: ApiKey) => <code title={api_key_id}>{hint}…</code> },
          { name: 'name', of: ({ name }) => name },
          { name: 'status', of: ({ status }) => <Status of={status} /> },
          { name: 'expires', of: ({ expires_at }) => (expires_at === null ? 'never' : <Time of={expires_at} />) },
          { name: 'from', of: ({ cidrs }) => cidrs?.join(', ') ?? 'anywhere' },
          { name: 'scopes', of: ({ scopes }) => <Scopes of={scopes} /> },
          {
            name: '',
            of: (key) =>
              key.status === 'ACTIVE' ? (
                <button
                  type="button"
                  class="plain"
                  aria-label={`Revoke ${key.name}, ${key.hint}`}
                  onClick={() => setRevoking(key)}
                >
                  Revoke
                </button>
              ) : null,
          },
        ]}
        idOf={({ api_key_id }) => api_key_id}
        empty="There are no keys."
      />
      {revoking === undefined ? null : (
        <Decide
          action={revocationOf(revoking)}
          seen={seenOf(revoking)}
          onClose={() => {
            setRevoking(undefined);
            setRound(round + 1);
          }}
        />
      )}
    </>
  );
}

function Scopes({ of: scopes }: { of: readonly string[] }) {
  if (scopes.length <= SCOPES_INLINE) return <>{scopes.join(', ')}</>;
  return (
    <details class="scopes">
      <summary>{scopes.length} scopes</summary>
      <ul>
        {scopes.map((scope) => (
          <li key={scope}>{scope}</li>
        ))}
      </ul>
    </details>
  );
}

function seenOf({ status }: ApiKey): Seen {
  return { status };
}

function revocationOf({ api_key_id, name }: ApiKey): Action {
  return actionOf('revokeApiKey', () => ({ path: { api_key_id } }), {
    title: `Revoke ${name}`,
    effect: 'Whoever holds it is refused everywhere from then on. No money moves, and what is under way goes on.',
    look: async (client: Client) => seenOf(await client.apiKeys.get(api_key_id)),
  });
}
