/** Whatever an id, a reference, `key=value` or a user may mean. */
import { useEffect } from 'preact/hooks';
import type { FoundThings } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { at, go, query } from '../router.ts';
import { inWords } from '../format/status.ts';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';
import { Sources } from '../saga/sources.tsx';

/** The page of each type; what has none is shown as it is. */
const PLACES: Readonly<Record<string, string>> = {
  transfer: '/transfers',
  transaction: '/transactions',
  batch: '/batches',
  recurring_transfer: '/recurring',
  wallet: '/wallets',
  case: '/cases',
  order_case: '/order-cases',
  order: '/orders',
  return: '/returns',
  reconciliation_run: '/reconciliation',
  event: '/events',
  webhook_endpoint: '/webhooks',
};

export function Find() {
  const q = query.value.get('q') ?? '';
  const {
    data: found,
    error,
    reload,
  } = useAnswer(`find/${q}`, (client, signal) => client.overview.find({ q }, { signal }));
  useEffect(() => {
    // What is the only thing of this name needs no list; Back leads to where the person was.
    const only = found?.data.length === 1 && !found.is_cut ? hrefOf(found.data[0]!) : undefined;
    if (only !== undefined) go(only, { replaces: true });
  }, [found]);
  return (
    <>
      <header class="title">
        <h1>Found</h1>
        <code>{q}</code>
      </header>
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {found === undefined ? (
        error === undefined && <p class="loading">Looking everywhere …</p>
      ) : (
        <>
          {found.data.length === 0 ? (
            found.is_cut || <p class="empty">Nothing has this id, reference, pair, user or name.</p>
          ) : (
            <Table
              caption="Found"
              keepsPlace
              rows={found.data}
              idOf={({ type, id }) => `${type}/${id}`}
              columns={[
                { name: 'what', of: NameOf },
                { name: 'which', of: ({ label }) => label },
                { name: 'found by', of: ({ matched }) => inWords(matched) },
                { name: 'at', of: ({ at: time }) => <Time of={time} /> },
                { name: 'id', of: ({ id }) => <code>{id}</code> },
              ]}
            />
          )}
          {found.is_cut ? <p class="quiet">There may be more: filter the list of its type.</p> : null}
          <Sources
            of={Object.fromEntries(Object.entries(found.sources).filter(([, state]) => state === 'unavailable'))}
          />
        </>
      )}
    </>
  );
}

function NameOf(each: FoundThings['data'][number]) {
  const href = hrefOf(each);
  return href === undefined ? <>{inWords(each.type)}</> : <a href={href}>{inWords(each.type)}</a>;
}

function hrefOf({ type, id }: FoundThings['data'][number]): string | undefined {
  // What a principal is, is what it does.
  if (type === 'principal') return at('/audit-log', { principal_id: id });
  if (type === 'api_key') return at('/keys');
  const place = PLACES[type];
  return place === undefined ? undefined : at(`${place}/${encodeURIComponent(id)}`);
}
