/** One movement between a wallet and the outside world. */
import { useAnswer } from '../answer.ts';
import type { Parameters } from '../router.ts';
import { inWords } from '../format/status.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts, type Fact } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';

export function TransactionPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`transaction/${id}`, (client, signal) => client.transactions.get(id, { signal }), {
    refreshMs: 2_000,
    isOver: ({ status }) => status !== 'PENDING',
  });
  return (
    <Thing title="Transaction" id={id} answer={answer}>
      {(data) => (
        <>
          <div class="summary">
            <span class="figure">
              <Amount of={data.amount} in={data.currency} names /> {data.type === 'CREDIT' ? 'in' : 'out'}
            </span>
            <Status of={data.status} note={data.failure_reason} />
          </div>
          <Facts
            of={[
              ['wallet', <Id key="" of={data.wallet_id} to="/wallets" whole />],
              ['accepted', <Time key="" of={data.created_at} finest />],
              ['deadline', <Time key="" of={data.deadline_at} />],
              ['reference', data.reference ?? '–'],
              ['workflow', <Workflow key="" of={`transaction/${id}`} />],
              data.attention !== null && ['needs a person', inWords(data.attention.reason)],
              data.attention !== null && ['case', <Id key="" of={data.attention.case_id} to="/cases" />],
              ...Object.entries(data.metadata).map(([key, value]): Fact => [key, value]),
            ]}
          />
          <Json of={data} />
        </>
      )}
    </Thing>
  );
}
