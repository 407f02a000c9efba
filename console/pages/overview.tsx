/** The first page: where the money is, in one sentence first, and what needs a person. */
import type { Overview as OverviewAnswer } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { at } from '../router.ts';
import { areOfOrders, needsOf, type Need } from '../format/needs.ts';
import { formatDuration } from '../format/time.ts';
import { inWords } from '../format/status.ts';
import { CurrencyPanel } from '../overview/currency-panel.tsx';
import { Machinery } from '../overview/machinery.tsx';
import { Problem } from '../parts/problem.tsx';
import { Age } from '../parts/time.tsx';

const REFRESH_MS = 5_000;
const FLOWS_REFRESH_MS = 30_000;
const CASES_OF_MOVEMENTS = at('/cases', { status: 'OPEN' });
const CASES_OF_ORDERS = at('/cases', { of: 'orders', status: 'OPEN' });

export function Overview() {
  const {
    data: overview,
    error,
    isLoading,
    reload,
  } = useAnswer('overview', (client, signal) => client.overview.get({ signal }), { refreshMs: REFRESH_MS });
  const flows = useAnswer('flows', (client, signal) => client.overview.flows({}, { signal }), {
    refreshMs: FLOWS_REFRESH_MS,
  });
  return (
    <>
      <h1 class="unseen">Overview</h1>
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {overview === undefined ? (
        isLoading && <p class="sentence loading">Looking …</p>
      ) : (
        <>
          <Sentence of={overview} />
          <Attention of={overview} />
          <Missing sources={overview.sources} />
          <h2>Money</h2>
          {overview.currencies.length === 0 ? (
            <p class="empty">No money has come in yet. It does by a deposit: POST /v1/transactions, or npm run seed.</p>
          ) : (
            <div class="panels">
              {overview.currencies.map((currency) => (
                <CurrencyPanel key={currency.currency} of={currency} flows={flows} />
              ))}
            </div>
          )}
          <Machinery of={overview} />
        </>
      )}
    </>
  );
}

function Sentence({ of: overview }: { of: OverviewAnswer }) {
  const { books, needs_you, awaiting_approval } = overview;
  const { count, oldest_age_seconds: age } = needs_you;
  const cases = areOfOrders(needsOf(overview)) ? CASES_OF_ORDERS : CASES_OF_MOVEMENTS;
  return (
    <p class="sentence">
      {books.balance === null ? (
        'The books have not been compared yet'
      ) : books.balance ? (
        <>
          All books <span class="good">balance</span>
        </>
      ) : (
        <>
          The books <span class="bad">disagree</span> in {books.disagreements || 'some'} places
        </>
      )}
      {count === null ? (
        '; whether something needs you cannot be told now'
      ) : count === 0 ? (
        '; nothing needs you'
      ) : (
        <>
          ; <a class="bad" href={cases}>{`${count} ${count === 1 ? 'thing needs' : 'things need'} you`}</a>
          {age === null ? '' : `, the oldest for ${formatDuration(age * 1_000)}`}
        </>
      )}
      {(awaiting_approval.count ?? 0) === 0 ? null : (
        <>
          {count === 0 ? ', but ' : '; '}
          <a class="wait" href={at('/approvals')}>
            {`${awaiting_approval.count} ${awaiting_approval.count === 1 ? 'awaits' : 'await'} a second person`}
          </a>
        </>
      )}
      .
    </p>
  );
}

/** Where each kind of what waits for a person is found. */
const PLACES: Readonly<Record<Need<OverviewAnswer['attention'][number]['kind']>['kind'], string>> = {
  transfers: CASES_OF_MOVEMENTS,
  holds: CASES_OF_MOVEMENTS,
  transactions: CASES_OF_MOVEMENTS,
  batches: CASES_OF_MOVEMENTS,
  orders: at('/orders', { attention: 'true' }),
  returns: at('/returns', { attention: 'true' }),
  cases: CASES_OF_MOVEMENTS,
  order_cases: CASES_OF_ORDERS,
  findings: CASES_OF_MOVEMENTS,
};

function Attention({ of: overview }: { of: OverviewAnswer }) {
  const waiting = needsOf(overview);
  if (waiting.length === 0) return null;
  return (
    <ul class="waiting" aria-label="What needs you">
      {waiting.map(({ kind, count, oldest_at }) => (
        <li key={kind} data-row>
          <a href={PLACES[kind]}>
            {count} {count === 1 ? inWords(kind).replace(/(?<=batch)es$|s$/, '') : inWords(kind)}
          </a>{' '}
          {oldest_at === null ? null : (
            <span class="quiet">
              oldest <Age of={oldest_at} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Missing({ sources }: { sources: OverviewAnswer['sources'] }) {
  const missing = Object.entries(sources).filter(([, state]) => state === 'unavailable');
  if (missing.length === 0) return null;
  return (
    <p class="status bad" role="alert">
      {missing.map(([name]) => name).join(', ')} {missing.length === 1 ? 'does' : 'do'} not answer: what they know is
      missing here.
    </p>
  );
}
