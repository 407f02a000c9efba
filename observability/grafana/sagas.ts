/** Orders: whether they are confirmed, how long that takes, why they are canceled, and what is stuck. */
import type { Dashboard } from './dashboard.ts';
import { quantile, shown } from './queries.ts';

export const SAGAS: Dashboard = {
  uid: 'counterpoise-sagas',
  title: 'Counterpoise: orders',
  rows: [
    {
      title: 'Are orders confirmed?',
      panels: [
        {
          title: 'Placed, confirmed, canceled',
          unit: 'ops',
          queries: [
            ['sum(rate(counterpoise_orders_placed_total[5m]))', 'placed'],
            ['sum(rate(counterpoise_orders_confirmed_total[5m]))', 'confirmed'],
            ['sum(rate(counterpoise_orders_ended_total{status="CANCELED"}[5m]))', 'canceled'],
          ],
        },
        {
          title: 'Why they are canceled',
          description:
            'Out of stock and a payment that is refused are what happens in a shop; timed_out is a fault of this service. docs/runbooks/OrdersStuck.md',
          unit: 'ops',
          queries: [['sum by (reason) (rate(counterpoise_orders_ended_total{status="CANCELED"}[5m]))', '{{reason}}']],
        },
        {
          title: 'How they end',
          unit: 'ops',
          queries: [['sum by (status) (rate(counterpoise_orders_ended_total[5m]))', '{{status}}']],
        },
        {
          title: 'How long it takes until one is confirmed',
          unit: 's',
          queries: [
            [quantile(0.5, 'counterpoise_order_duration_seconds', '', 'outcome="confirmed"'), 'half'],
            [quantile(0.99, 'counterpoise_order_duration_seconds', '', 'outcome="confirmed"'), '99 of 100'],
          ],
        },
      ],
    },
    {
      title: 'What is stuck, and how old?',
      panels: [
        {
          title: 'Stuck',
          description: 'docs/runbooks/OrdersStuck.md',
          queries: [[`sum(${shown('counterpoise_orders_stuck', 'status')})`]],
          redFrom: 1,
        },
        {
          title: 'In flight',
          queries: [[shown('counterpoise_orders_in_flight', 'status'), '{{status}}']],
        },
        {
          title: 'Age of the oldest',
          unit: 's',
          queries: [[shown('counterpoise_order_oldest_age_seconds', 'status'), '{{status}}']],
        },
        {
          title: 'Is this of now?',
          description: 'Since the collector last looked; since 1970 if it never has. docs/runbooks/StateUnknown.md',
          unit: 's',
          queries: [
            [
              'time() - min(max by (part) (counterpoise_collector_last_success_timestamp_seconds{part=~"orders|order-cases|order-backlog"}))',
            ],
          ],
          redFrom: 120,
        },
      ],
    },
    {
      title: 'What waits for an operator?',
      panels: [
        {
          title: 'Cases of orders',
          description: 'docs/runbooks/OrderCaseWaiting.md',
          queries: [[`sum(${shown('counterpoise_order_cases_open', 'reason')})`]],
          redFrom: 1,
        },
        {
          title: 'By reason',
          queries: [[shown('counterpoise_order_cases_open', 'reason'), '{{reason}}']],
        },
        {
          title: 'Age of the oldest case',
          unit: 's',
          queries: [
            ['max(counterpoise_order_case_oldest_age_seconds)', 'cases'],
            ['max(counterpoise_return_oldest_wait_seconds)', 'returns'],
          ],
          redFrom: 900,
        },
        {
          title: 'Returns that wait',
          description: 'docs/runbooks/ReturnWaiting.md',
          queries: [[shown('counterpoise_returns_waiting', 'reason'), '{{reason}}']],
          redFrom: 1,
        },
        {
          title: 'Attempts that were not the first',
          description: 'Of the activities of the four services.',
          unit: 'ops',
          queries: [
            [
              'sum by (task) (rate(worker_retries_total{worker=~"order|inventory|delivery|accounting"}[5m]))',
              '{{task}}',
            ],
          ],
        },
      ],
    },
  ],
};
