/** For whoever is woken: is money safe, do transfers end, what is stuck, what lags, what is down, what changed. */
import type { Dashboard } from './dashboard.ts';
import { NOT_HEALTH, OURS, quantile, share, shown } from './queries.ts';

export const THREE_AM: Dashboard = {
  uid: 'counterpoise-3am',
  title: 'Counterpoise at 3 a.m.',
  rows: [
    {
      title: 'Is money safe?',
      panels: [
        {
          title: 'Is it all there?',
          description: 'By currency: 1 if the balances sum to what is under way. docs/runbooks/LedgerUnbalanced.md',
          queries: [['min by (currency) (counterpoise_ledger_balanced)', '{{currency}}']],
          isVerdict: true,
        },
        {
          title: 'Last reconciliation',
          description: 'One ends every five minutes. docs/runbooks/ReconciliationStale.md',
          unit: 's',
          queries: [['time() - max(counterpoise_reconciliation_last_end_timestamp_seconds)']],
          redFrom: 1_800,
        },
        {
          title: 'Cases that wait for an operator',
          description: 'docs/runbooks/CaseWaiting.md, docs/runbooks/OrderCaseWaiting.md',
          queries: [
            [`sum(${shown('counterpoise_cases_open', 'reason')})`, 'movements'],
            [`sum(${shown('counterpoise_order_cases_open', 'reason')})`, 'orders'],
          ],
          redFrom: 1,
        },
        {
          title: 'Is this of now?',
          description:
            'Since the collector last looked at a part of the state, since 1970 if it never has; the other figures are as old. docs/runbooks/StateUnknown.md',
          unit: 's',
          queries: [['time() - min(max by (part) (counterpoise_collector_last_success_timestamp_seconds))']],
          redFrom: 120,
        },
      ],
    },
    {
      title: 'Are transfers ending?',
      panels: [
        {
          title: 'Movements that ended',
          unit: 'ops',
          queries: [['sum by (class) (rate(counterpoise_movements_ended_total[5m]))', '{{class}}']],
        },
        {
          title: 'Accepted, and ended',
          unit: 'ops',
          queries: [
            ['sum(rate(counterpoise_movements_accepted_total[5m]))', 'accepted'],
            ['sum(rate(counterpoise_movements_ended_total[5m]))', 'ended'],
          ],
        },
        {
          title: 'How long a transfer takes',
          unit: 's',
          queries: [
            [quantile(0.5, 'counterpoise_movement_duration_seconds', '', 'kind="transfer"'), 'half'],
            [quantile(0.99, 'counterpoise_movement_duration_seconds', '', 'kind="transfer"'), '99 of 100'],
          ],
        },
        {
          title: 'Gave their money back',
          description: 'By cause. docs/runbooks/CompensationsHigh.md',
          unit: 'ops',
          queries: [['sum by (cause) (rate(counterpoise_compensations_total[5m]))', '{{cause}}']],
        },
      ],
    },
    {
      title: 'What is stuck, and how old?',
      panels: [
        {
          title: 'Stuck',
          description:
            'Should have ended five minutes ago. docs/runbooks/MovementsStuck.md, docs/runbooks/OrdersStuck.md',
          queries: [
            [`sum(${shown('counterpoise_movements_stuck', 'kind')})`, 'movements'],
            [`sum(${shown('counterpoise_orders_stuck', 'status')})`, 'orders'],
          ],
          redFrom: 1,
        },
        {
          title: 'In flight',
          queries: [[`sum by (kind) (${shown('counterpoise_movements_in_flight', 'kind', 'status')})`, '{{kind}}']],
        },
        {
          title: 'Age of the oldest',
          unit: 's',
          queries: [[shown('counterpoise_movement_oldest_age_seconds', 'kind'), '{{kind}}']],
        },
        {
          title: 'Age of the oldest case',
          unit: 's',
          queries: [
            ['max(counterpoise_case_oldest_age_seconds)', 'movements'],
            ['max(counterpoise_order_case_oldest_age_seconds)', 'orders'],
            ['max(counterpoise_return_oldest_wait_seconds)', 'returns'],
          ],
          redFrom: 900,
        },
      ],
    },
    {
      title: 'What lags?',
      panels: [
        {
          title: 'Outboxes',
          description: 'docs/runbooks/OutboxLagging.md',
          unit: 's',
          queries: [[shown('counterpoise_outbox_lag_seconds', 'outbox'), '{{outbox}}']],
        },
        {
          title: 'Readers of the log',
          description: 'docs/runbooks/LogReaderLagging.md',
          unit: 's',
          queries: [[shown('counterpoise_log_lag_seconds', 'reader'), '{{reader}}']],
        },
        {
          title: 'Tasks that wait for a worker',
          description: 'docs/runbooks/BacklogOld.md',
          unit: 's',
          queries: [[shown('counterpoise_backlog_oldest_age_seconds', 'queue', 'type'), '{{queue}} {{type}}']],
        },
        {
          title: 'Dead letters',
          description: 'docs/runbooks/DeadLetters.md',
          queries: [
            [
              `sum(max by (consumer) (counterpoise_dead_letters)) + sum(increase(dlq_messages_total{${OURS},queue="kafka"}[7d]))`,
            ],
          ],
          redFrom: 1,
        },
      ],
    },
    {
      title: 'What is down?',
      panels: [
        {
          title: 'Processes',
          description: 'docs/runbooks/TargetDown.md',
          queries: [[`min by (job, instance) (up{${OURS}})`, '{{job}} {{instance}}']],
          isVerdict: true,
        },
        {
          title: 'Requests that failed',
          description: 'docs/runbooks/ErrorBudgetBurnFast.md',
          unit: 'percentunit',
          queries: [
            [
              share(
                `rate(http_requests_total{${OURS},status=~"5..",status!="501",${NOT_HEALTH}}[5m])`,
                `rate(http_requests_total{${OURS},${NOT_HEALTH}}[5m])`,
              ),
            ],
          ],
          redFrom: 0.0144,
        },
        {
          title: 'Webhook endpoints',
          description: 'docs/runbooks/WebhookEndpointDisabled.md',
          queries: [[shown('counterpoise_webhook_endpoints', 'status'), '{{status}}']],
        },
        {
          title: 'Callers that wait for a connection',
          description: 'docs/runbooks/PoolUsedUp.md',
          queries: [['sum by (pool) (counterpoise_pool_connections{state="waiting"})', '{{pool}}']],
        },
      ],
    },
    {
      title: 'What changed?',
      panels: [
        {
          title: 'Versions that run',
          queries: [['count by (version, node) (counterpoise_build_info)', '{{version}} on Node {{node}}']],
          width: 12,
        },
        {
          title: 'Since the start of the process',
          unit: 's',
          queries: [['time() - process_start_time_seconds', '{{instance}}']],
          width: 12,
        },
      ],
    },
  ],
};
