/** The same as the drawing says, as tables: legs, ledger entries with their sum, and what is being tried. */
import type { Saga } from '../../client/client.ts';
import type { Leg } from './leg.ts';
import { inWords } from '../format/status.ts';
import { givenUpIn, meaningOfVerdict, reasonOfStep, verdictInWords } from '../format/saga-words.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Age, Time } from '../parts/time.tsx';
import { Entries } from './entries.tsx';

export function SagaTables({ of: saga }: { of: Saga }) {
  const legs = saga.lanes.flatMap(({ lane, legs: own }) => own.map((leg) => ({ ...leg, lane })));
  const isGivenUp = givenUpIn<Leg>(saga);
  return (
    <>
      {saga.pending.length === 0 ? null : <Pending of={saga.pending} />}
      <h2>Legs</h2>
      <Table
        caption="Legs"
        rows={legs}
        idOf={({ lane, leg, n }) => `${lane}/${leg}/${n}`}
        columns={[
          { name: 'leg', of: ({ leg, n }) => (n === 0 ? leg : `${leg}, consignment ${n}`) },
          { name: 'service', of: ({ lane }) => lane },
          {
            name: 'verdict',
            of: (leg) => (
              <span class={meaningOfVerdict(leg, isGivenUp(leg))}>{verdictInWords(leg, isGivenUp(leg))}</span>
            ),
          },
          { name: 'decided', of: ({ verdict }) => <Time of={verdict?.at} finest /> },
          {
            name: 'amount',
            isNumber: true,
            of: ({ amount, currency }) => (amount === null ? '' : <Amount of={amount} in={currency ?? undefined} />),
          },
          { name: 'wallet', of: ({ wallet_id }) => <Id of={wallet_id} to="/wallets" /> },
          { name: 'attempts', isNumber: true, of: ({ attempt_count }) => attempt_count },
          { name: 'last error', of: lastErrorOf },
        ]}
      />
      <Entries of={saga} />
      <h2>Steps</h2>
      <Table
        caption="Steps"
        rows={saga.steps}
        idOf={({ at, step, n }) => `${at}/${step}/${n}`}
        columns={[
          {
            name: 'step',
            of: ({ step, n, reason }) => <Status of={step}>{noteOf(step, n, reason)}</Status>,
          },
          { name: 'at', of: ({ at }) => <Time of={at} finest /> },
        ]}
      />
    </>
  );
}

function noteOf(step: string, n: number, reason: string | null): string | null {
  if (reason !== null) return reasonOfStep(step, reason);
  return n === 0 ? null : `consignment ${n}`;
}

function lastErrorOf({ attempts }: Leg) {
  return attempts.findLast(({ error }) => error !== null)?.error ?? '';
}

function Pending({ of }: { of: Saga['pending'] }) {
  return (
    <>
      <h2>Being tried now</h2>
      <Table
        caption="Pending activities"
        rows={of}
        idOf={({ activity, lane }) => `${lane}/${activity}`}
        columns={[
          { name: 'activity', of: ({ activity }) => activity },
          { name: 'service', of: ({ lane }) => lane },
          { name: 'state', of: ({ state }) => <Status of={inWords(state)} as="wait" /> },
          { name: 'attempt', isNumber: true, of: ({ attempt }) => attempt },
          { name: 'next try', of: ({ next_try_at }) => <Age of={next_try_at} /> },
          { name: 'last error', of: ({ last_error }) => last_error ?? '' },
        ]}
      />
    </>
  );
}
