/** One return: the goods that come back, and the money that goes back for them. */
import type { Return } from '../../client/client.ts';
import { Actions } from '../actions/actions.tsx';
import { actionsOfReturn, lookAtReturn, seenOfReturn } from '../actions/return.ts';
import { useAnswer } from '../answer.ts';
import { waitingInWords } from '../format/return-words.ts';
import { inWords } from '../format/status.ts';
import type { Parameters } from '../router.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';

const REFRESH_MS = 3_000;

export function ReturnPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`return/${id}`, (client, signal) => client.returns.get(id, { signal }), {
    refreshMs: REFRESH_MS,
    isOver: ({ status }) => status === 'REFUNDED',
  });
  return (
    <Thing title="Return" id={id} answer={answer}>
      {(back) => (
        <>
          <Summary of={back} />
          <Actions
            of={actionsOfReturn(back).map((action) => ({ ...action, look: lookAtReturn(id) }))}
            seen={seenOfReturn(back)}
            onDone={answer.reload}
          />
          <h2>What comes back</h2>
          <Table
            caption="What comes back"
            rows={back.lines}
            idOf={({ sku }) => sku}
            columns={[
              { name: 'SKU', of: ({ sku }) => sku },
              { name: 'quantity', isNumber: true, of: ({ quantity }) => quantity },
              { name: 'each', isNumber: true, of: ({ unit_price }) => <Amount of={unit_price} in={back.currency} /> },
              { name: 'amount', isNumber: true, of: ({ amount }) => <Amount of={amount} in={back.currency} /> },
              { name: 'where it goes', of: ({ disposition }) => DISPOSITIONS[disposition ?? 'none'] },
            ]}
          />
          <Json of={back} />
        </>
      )}
    </Thing>
  );
}

const DISPOSITIONS = { restock: 'on the shelf', scrap: 'scrapped', none: 'not back yet' } as const;

function Summary({ of: back }: { of: Return }) {
  return (
    <>
      <div class="summary">
        <span class="figure">
          <Amount of={back.amount} in={back.currency} names />
        </span>
        <Status of={back.status} />
        <span class="quiet">
          <Age of={back.created_at} />
        </span>
      </div>
      {back.attention === null ? null : <Waiting status={back.status} attention={back.attention} />}
      <Facts
        of={[
          ['order', <Id key="" of={back.order_id} to="/orders" whole />],
          ['seller', <Seller key="" ofOrder={back.order_id} />],
          back.received_at !== null && ['goods back', <Time key="" of={back.received_at} />],
          ['credit note', back.credit_note_number ?? '–'],
          ['refund', <Id key="" of={back.refund_transfer_id} to="/transfers" whole />],
          ['workflow', <Workflow key="" of={`return/${back.return_id}`} />],
        ]}
      />
    </>
  );
}

function Waiting(of: { status: Return['status']; attention: NonNullable<Return['attention']> }) {
  const { reason, since } = of.attention;
  const { what, next } = waitingInWords(of);
  return (
    <div class="problem" role="alert">
      <p>
        It needs a person: {inWords(reason)}, since <Time of={since} />.
      </p>
      {what === null ? null : <p class="quiet">{what}</p>}
      <p>{next}</p>
    </div>
  );
}

/** Whose wallet pays, which the order knows. */
function Seller({ ofOrder }: { ofOrder: string }) {
  const { data: order } = useAnswer(`order/${ofOrder}/seller`, (client, signal) =>
    client.orders.get(ofOrder, { signal }),
  );
  return <Id of={order?.seller_wallet_id} to="/wallets" whole />;
}
