/** The keys of the API, without their secrets, newest first; each can be revoked. */
import { useState } from 'preact/hooks';
import type { ApiKey, Client } from '../../client/client.ts';
import { actionOf, type Action } from '../actions/action.ts';
import { Decide } from '../actions/decide.tsx';
import type { Seen } from '../format/difference.ts';
import { List, type AskedFor } from '../parts/list.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { at } from '../router.ts';

/** As many names as a row has room for; more of them are opened. */
const SCOPES_INLINE = 2;
/** So many of what waits are looked through for grants. */
const GRANTS = 200;

export function Keys() {
  const [revoking, setRevoking] = useState<ApiKey | undefined>(undefined);
  const [round, setRound] = useState(0);
  return (
    <>
      <List
        key={round}
        title="Keys"
        ask={listWithGrants}
        columns={[
          { name: 'key', of: ({ hint, api_key_id }: Shown) => <code title={api_key_id}>{hint}…</code> },
          { name: 'name', of: ({ name }) => name },
          { name: 'status', of: ({ status }) => <Status of={status} /> },
          { name: 'expires', of: ({ expires_at }) => (expires_at === null ? 'never' : <Time of={expires_at} />) },
          { name: 'from', of: ({ cidrs }) => cidrs?.join(', ') ?? 'anywhere' },
          {
            name: 'scopes',
            of: ({ scopes, grantId }) => (
              <>
                <Scopes of={scopes} />
                {grantId === undefined ? null : <a href={at(`/approvals/${grantId}`)}>its votes wait for others</a>}
              </>
            ),
          },
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

type Shown = ApiKey & {
  /** The approval until which votes by it do not count. */
  readonly grantId?: string;
};

/** Of the newest approvals that wait, if the key of the page may see them. */
async function listWithGrants(client: Client, query: AskedFor, signal: AbortSignal) {
  const [page, waiting] = await Promise.all([
    client.apiKeys.list(query, { signal }),
    client.approvals.list({ status: 'AWAITING', limit: GRANTS }, { signal }).catch(() => ({ data: [] })),
  ]);
  const grants = new Map(
    waiting.data.flatMap(({ kind, proposal, approval_id }) =>
      kind === 'grant' ? [[proposal?.['principal_id'], approval_id]] : [],
    ),
  );
  const data = page.data.map((key): Shown => {
    const grantId = key.scopes.includes('approvals:write') ? grants.get(key.principal_id) : undefined;
    return grantId === undefined ? key : { ...key, grantId };
  });
  return { ...page, data };
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
