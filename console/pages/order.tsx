/** One order: its consignments with their goods and money, and its saga over all services. */
import type { Consignment, Order, OrderTimeline, Return } from '../../client/client.ts';
import { Actions } from '../actions/actions.tsx';
import { actionsOfOrder, lookAtOrder, seenOfOrder } from '../actions/order.ts';
import { useAnswer } from '../answer.ts';
import { sumOf } from '../format/amount.ts';
import { inWords } from '../format/status.ts';
import { at, type Parameters } from '../router.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Goods } from '../parts/goods.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Age, Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';
import { SagaDrawing } from '../saga/drawing.tsx';
import { Sources } from '../saga/sources.tsx';
import { SagaTables } from '../saga/tables.tsx';

const REFRESH_MS = 3_000;
const ENDS: readonly string[] = ['COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'];

export function OrderPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`order/${id}`, (client, signal) => client.orders.timeline(id, { signal }), {
    refreshMs: REFRESH_MS,
    isOver: ({ order: { status, attention } }) => ENDS.includes(status) && attention === null,
  });
  return (
    <Thing title="Order" id={id} answer={answer}>
      {(timeline) => (
        <>
          <Summary of={timeline.order} />
          <Actions
            of={actionsOfOrder(timeline.order).map((action) => ({ ...action, look: lookAtOrder(id) }))}
            seen={seenOfOrder(timeline.order)}
            onDone={answer.reload}
          />
          <SagaDrawing
            of={timeline.saga}
            by="order"
            title={`The course of an order, which is ${inWords(timeline.order.status)}`}
          />
          <Sources of={timeline.sources} />
          <Consignments of={timeline.order} />
          {timeline.order.consignments.some(({ goods }) => goods === 'DELIVERED') ? (
            <Returns of={timeline.order} />
          ) : null}
          <Books of={timeline} />
          <SagaTables of={timeline.saga} />
          <Json of={timeline} />
        </>
      )}
    </Thing>
  );
}

function Summary({ of: order }: { of: Order }) {
  return (
    <>
      <div class="summary">
        <span class="figure">
          <Amount of={order.total_amount} in={order.currency} names />
        </span>
        <Status of={order.status} note={order.cancel_reason} />
        {order.compensating ? <Status of="being undone" as="undone" /> : null}
        <span class="quiet">
          <Age of={order.created_at} />
        </span>
      </div>
      {order.attention === null ? null : (
        <div class="problem" role="alert">
          <p>
            It needs a person: {inWords(order.attention.reason)}, since <Time of={order.attention.since} />.{' '}
            {order.attention.case_id === null ? null : (
              <a href={at(`/order-cases/${order.attention.case_id}`)}>Open the case</a>
            )}
          </p>
        </div>
      )}
      <Facts
        of={[
          ['buyer', <Id key="" of={order.buyer_wallet_id} to="/wallets" whole />],
          ['seller', <Id key="" of={order.seller_wallet_id} to="/wallets" whole />],
          ['goods', <Amount key="" of={order.goods_amount} in={order.currency} names />],
          ['shipping', <Amount key="" of={order.shipping_amount} in={order.currency} names />],
          ['reference', order.reference ?? '–'],
          // It counts only until the order is confirmed.
          order.status === 'PENDING' && ['given up at', <Time key="" of={order.deadline_at} />],
          ['workflow', <Workflow key="" of={`order/${order.order_id}`} />],
        ]}
      />
    </>
  );
}

function Consignments({ of: { consignments, currency } }: { of: Order }) {
  if (consignments.length === 0) return null;
  return (
    <>
      <h2>Consignments</h2>
      <Table
        caption="Consignments"
        rows={consignments}
        idOf={({ n }) => String(n)}
        columns={[
          { name: '#', of: ({ n }: Consignment) => n },
          { name: 'goods', of: ({ goods, release_reason }) => <Status of={goods} note={release_reason} /> },
          { name: 'money', of: ({ money }) => <Status of={money} /> },
          { name: 'amount', isNumber: true, of: ({ amount }) => <Amount of={amount} in={currency} /> },
          { name: 'transfer', of: ({ transfer_id }) => <Id of={transfer_id} to="/transfers" /> },
          { name: 'what', of: ({ lines }) => <Goods of={lines} /> },
          { name: 'carrier', of: ({ carrier_reference }) => carrier_reference ?? '–' },
          { name: 'invoice', isNumber: true, of: ({ invoice_number }) => invoice_number ?? '–' },
        ]}
      />
    </>
  );
}

/** Asked for apart: only what was delivered can come back. */
function Returns({ of: { order_id, currency } }: { of: Order }) {
  const { data: returns = [] } = useAnswer(
    `order/${order_id}/returns`,
    (client, signal) => client.orders.returns(order_id, { signal }),
    { refreshMs: REFRESH_MS, isOver: (all) => all.every(({ status }) => status === 'REFUNDED') },
  );
  if (returns.length === 0) return null;
  return (
    <>
      <h2>Returns</h2>
      <Table
        caption="Returns"
        rows={returns}
        idOf={({ return_id }) => return_id}
        columns={[
          { name: 'return', of: ({ return_id }: Return) => <Id of={return_id} to="/returns" /> },
          { name: 'announced', of: ({ created_at }) => <Time of={created_at} /> },
          { name: 'status', of: ({ status, attention }) => <Status of={status} note={attention?.reason} /> },
          { name: 'goes back', isNumber: true, of: ({ amount }) => <Amount of={amount} in={currency} /> },
          { name: 'what', of: ({ lines }) => <Goods of={lines} /> },
        ]}
      />
    </>
  );
}

function Books({ of: { journals, order } }: { of: OrderTimeline }) {
  if (journals.length === 0) return null;
  return (
    <>
      <h2>Books</h2>
      <Table
        caption="Journals"
        rows={journals}
        idOf={({ journal_id }) => journal_id}
        columns={[
          { name: 'journal', of: ({ kind }) => inWords(kind) },
          { name: 'at', of: ({ created_at }) => <Time of={created_at} finest /> },
          {
            name: 'amount',
            isNumber: true,
            of: ({ lines }) => <Amount of={sumOf(lines.map(({ amount }) => amount))} in={order.currency} />,
          },
        ]}
      />
    </>
  );
}
