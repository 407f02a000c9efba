/** The audit log: what principals have changed, newest first. Its entries are kept for ever. */
import type { AuditEvent } from '../../client/client.ts';
import { AUDIT_ACTIONS, instantIn, placeOfObject } from '../format/audit-words.ts';
import { inWords } from '../format/status.ts';
import { at, go, query, withQuery } from '../router.ts';
import { Facts, type Fact } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { List } from '../parts/list.tsx';
import { Time } from '../parts/time.tsx';

const FILTERS = [
  { name: 'action', label: 'Action', choices: AUDIT_ACTIONS },
  { name: 'object', label: 'Object', placeholder: 'an id or a name' },
  { name: 'principal_id', label: 'Principal', placeholder: 'its id' },
  { name: 'created_after', label: 'From (UTC)', placeholder: '2026-11-29' },
  { name: 'created_before', label: 'to', placeholder: '2026-11-30' },
] as const;

export function AuditLog() {
  return (
    <List
      title="Audit log"
      filters={FILTERS}
      ask={(client, asked, signal) => client.auditEvents.list(inInstants(asked), { signal })}
      columns={[
        { name: 'at', of: (entry: AuditEvent) => <Opener of={entry} /> },
        { name: 'who', of: (entry) => <Who of={entry} /> },
        { name: 'what', of: ({ action }) => inWords(action) },
        { name: 'object', of: (entry) => <ObjectOf of={entry} /> },
        { name: 'says', of: ({ details }) => <span class="brief">{briefly(details)}</span> },
      ]}
      idOf={({ audit_event_id }) => audit_event_id}
      detailOf={(entry) => (query.value.get('open') === entry.audit_event_id ? <Detail of={entry} /> : undefined)}
      empty="Nobody has changed anything yet."
    />
  );
}

function inInstants(asked: Readonly<Record<string, string | number | undefined>>): object {
  return Object.fromEntries(
    Object.entries(asked).map(([name, value]) => [
      name,
      name.startsWith('created_') && typeof value === 'string' ? instantIn(value) : value,
    ]),
  );
}

/** Opens the detail of its row beneath it, and closes it again. What is open is part of the address. */
function Opener({ of: { audit_event_id, at: time } }: { of: AuditEvent }) {
  const isOpen = query.value.get('open') === audit_event_id;
  return (
    <button
      type="button"
      class="row"
      aria-expanded={isOpen}
      onClick={() => go(withQuery({ open: isOpen ? undefined : audit_event_id }), { replaces: true })}
    >
      <Time of={time} />
    </button>
  );
}

function Who({ of: { principal, principal_id, on_behalf_of: other } }: { of: AuditEvent }) {
  return (
    <>
      {principal_id === null ? (
        principal
      ) : (
        <a href={withQuery({ principal_id, cursor: undefined, at: undefined, open: undefined })}>{principal}</a>
      )}
      {other === null ? '' : `, for ${other}`}
    </>
  );
}

function ObjectOf({ of: { action, object } }: { of: AuditEvent }) {
  const place = placeOfObject(action, object);
  if (place === undefined) return <Id of={object} />;
  return (
    <a class="id" href={at(place)} title={object}>
      {object}
    </a>
  );
}

function briefly(details: AuditEvent['details']): string {
  return Object.entries(details)
    .filter(([name]) => !name.endsWith('_id'))
    .map(([name, value]) => (name === 'comment' ? `“${value}”` : `${inWords(name)} ${value}`))
    .join(', ');
}

function Detail({ of: entry }: { of: AuditEvent }) {
  return (
    <Facts
      of={[
        ['object', <Id key="" of={entry.object} whole />],
        ['at', <Time key="" of={entry.at} finest />],
        ['key', <Id key="" of={entry.api_key_id} whole />],
        ['principal', <Id key="" of={entry.principal_id} whole />],
        ['request', <Id key="" of={entry.request_id} whole />],
        [
          'event',
          <a key="" href={at(`/events/${entry.position}`)}>
            {entry.position}
          </a>,
        ],
        ...Object.entries(entry.details).map(([name, value]): Fact => [inWords(name), value]),
      ]}
    />
  );
}
