/** Activities, Temporal as the workers see it, connections, processes, and where events go. */
import type { Dashboard } from './dashboard.ts';
import { quantile, shown } from './queries.ts';

export const WORKERS: Dashboard = {
  uid: 'counterpoise-workers',
  title: 'Counterpoise: workers, Temporal and databases',
  rows: [
    {
      title: 'Activities',
      panels: [
        {
          title: 'Attempts',
          unit: 'ops',
          queries: [['sum by (task) (rate(worker_processing_duration_seconds_count[5m])) > 0', '{{task}}']],
        },
        {
          title: 'How long an attempt takes, 99 of 100',
          unit: 's',
          queries: [[`${quantile(0.99, 'worker_processing_duration_seconds', 'task')} > 0`, '{{task}}']],
        },
        {
          title: 'Attempts that were not the first',
          unit: 'ops',
          queries: [['sum by (worker) (rate(worker_retries_total[5m]))', '{{worker}}']],
        },
        {
          title: 'Slots that are free',
          description: 'docs/runbooks/WorkerSlotsUsedUp.md',
          queries: [
            [
              'min by (task_queue, worker_type) (temporal_worker_task_slots_available)',
              '{{task_queue}} {{worker_type}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'Temporal',
      panels: [
        {
          title: 'Tasks that wait',
          queries: [[shown('counterpoise_backlog_tasks', 'queue', 'type'), '{{queue}} {{type}}']],
        },
        {
          title: 'From schedule to start, 99 of 100',
          unit: 's',
          queries: [
            [
              quantile(0.99, 'temporal_activity_schedule_to_start_latency_seconds', 'task_queue'),
              'activities of {{task_queue}}',
            ],
            [quantile(0.99, 'temporal_workflow_task_schedule_to_start_latency_seconds'), 'workflow tasks'],
          ],
        },
        {
          title: 'Calls to the server, 99 of 100',
          unit: 's',
          queries: [[quantile(0.99, 'temporal_request_latency_seconds', 'operation'), '{{operation}}']],
        },
        {
          title: 'Calls to the server that failed',
          unit: 'ops',
          queries: [
            [
              'sum by (operation, status_code) (rate(temporal_request_failure_total[5m])) or vector(0)',
              '{{operation}} {{status_code}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'Databases and processes',
      panels: [
        {
          title: 'Connections',
          queries: [['sum by (pool, state) (counterpoise_pool_connections)', '{{pool}} {{state}}']],
        },
        { title: 'CPU', unit: 'percentunit', queries: [['rate(process_cpu_seconds_total[5m])', '{{instance}}']] },
        {
          title: 'Time in which JavaScript ran',
          unit: 'percentunit',
          queries: [['nodejs_eventloop_utilization_ratio', '{{instance}}']],
        },
        { title: 'Memory', unit: 'bytes', queries: [['process_resident_memory_bytes', '{{instance}}']] },
      ],
    },
    {
      title: 'Events',
      panels: [
        {
          title: 'Done with, by consumer',
          unit: 'ops',
          queries: [['sum by (consumer) (rate(events_consumed_total[5m]))', '{{consumer}}']],
        },
        { title: 'Not in the log yet', queries: [[shown('counterpoise_outbox_lag_events', 'outbox'), '{{outbox}}']] },
        { title: 'Not read yet', queries: [[shown('counterpoise_log_lag_events', 'reader'), '{{reader}}']] },
        {
          title: 'Webhook deliveries that are tried again',
          queries: [['max(counterpoise_webhook_deliveries_pending)']],
        },
      ],
    },
  ],
};
