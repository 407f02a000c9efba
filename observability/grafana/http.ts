/** What clients ask for, and what they are answered. */
import type { Dashboard } from './dashboard.ts';
import { NOT_HEALTH, OURS, quantile } from './queries.ts';

export const HTTP: Dashboard = {
  uid: 'counterpoise-http',
  title: 'Counterpoise: HTTP',
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'By status',
          unit: 'reqps',
          queries: [[`sum by (status) (rate(http_requests_total{${OURS}}[5m]))`, '{{status}}']],
          width: 12,
        },
        {
          title: 'By route',
          unit: 'reqps',
          queries: [[`sum by (method, route) (rate(http_requests_total{${OURS}}[5m])) > 0`, '{{method}} {{route}}']],
          width: 12,
        },
        {
          title: 'How long answers take, 99 of 100',
          unit: 's',
          queries: [
            [
              `${quantile(0.99, 'http_request_duration_seconds', 'method, resource', OURS)} > 0`,
              '{{method}} {{resource}}',
            ],
          ],
          width: 12,
        },
        {
          title: 'How long answers take, half',
          unit: 's',
          queries: [
            [
              `${quantile(0.5, 'http_request_duration_seconds', 'method, resource', OURS)} > 0`,
              '{{method}} {{resource}}',
            ],
          ],
          width: 12,
        },
        {
          title: 'Refused for load',
          description: 'By what there was too much of.',
          unit: 'reqps',
          queries: [['sum by (cause) (rate(counterpoise_requests_shed_total[5m]))', '{{cause}}']],
          width: 12,
        },
        {
          title: 'Failed',
          unit: 'reqps',
          queries: [
            [
              `sum by (method, route, status) (rate(http_requests_total{${OURS},status=~"5..",${NOT_HEALTH}}[5m]))`,
              '{{method}} {{route}} {{status}}',
            ],
          ],
          width: 12,
        },
      ],
    },
  ],
};
