/**
 * The import rules: layers, and within each a room for each service. ARCHITECTURE.md says why. Change a rule here, with its
 * reason.
 */
import { rooms, SERVICES, type Rule, type Service } from './rooms.ts';

/**
 * The projection that ships is built by the same consumer that other people's are, and its dead letters are tended by the same
 * functions: so it shows that these suffice.
 */
const consumerOf = (service: Service): string[] => (service === 'events' ? ['client/consumer/consumer.ts'] : []);

/** Webhooks are tried; secrets of keys are drawn and hashed, and networks judged. */
const toolsOf = (service: Service): string[] =>
  service === 'events' ? ['webhooks/', 'node:crypto'] : service === 'access' ? ['node:crypto', 'node:net'] : [];

const HTTP = [
  'api/http/',
  'process/deadline.ts',
  'process/traces.ts',
  'process/authority.ts',
  'process/signed-call.ts',
  'hono',
  '@hono/zod-openapi',
  'zod',
];
const HTTP_TYPES = ['db/database.ts', 'process/', '@temporalio/client'];
const MESSAGES = SERVICES.map((service) => `workflows/${service}/messages.ts`);
const STACK_DOMAIN = ['domain/order-services.ts', 'domain/access/'];
const DATABASE = ['db/*', 'domain/', 'drizzle-orm'];

export const RULES: readonly Rule[] = [
  // Workflow code cannot hash; everything else of the domain runs in its sandbox.
  { of: 'domain/derived-id.ts', may: ['domain/', 'node:crypto'] },
  { of: 'domain/', may: ['domain/'] },

  // Sends HTTP to strangers: the events service's API, which tests an endpoint, and its worker, which delivers, both use it.
  { of: 'webhooks/', may: ['webhooks/', 'domain/', 'ipaddr.js', 'node:'] },

  // Declares every metric of every service, and so knows the vocabulary of their labels.
  { of: ['process/metrics.ts', 'process/order-metrics.ts'], may: ['process/', 'domain/', 'prom-client'] },
  { of: ['process/process-metrics.ts', 'process/metric.ts'], may: ['process/', 'package.json', 'prom-client'] },
  // The only one that knows what traces are made with.
  {
    of: 'process/trace-export.ts',
    may: ['process/', 'domain/trace-context.ts', 'package.json', '@opentelemetry/', 'node:'],
  },
  { of: 'process/traces.ts', may: [], mayTypes: ['domain/trace-context.ts'] },
  {
    of: 'process/',
    may: ['process/', 'zod', 'pino', 'node:'],
    mayTypes: ['pino-pretty'],
  },

  {
    of: 'workflows/',
    may: ['workflows/', 'domain/', '@temporalio/workflow', '@temporalio/common'],
    mayTypes: ['activities/'],
  },

  ...rooms(
    'activities',
    ['process/deadline.ts', 'process/for-each.ts', 'node:timers/promises'],
    (service) => [`db/${service}/`],
    () => ['db/database.ts'],
  ),
  // The course of a transfer in the process that has every database: made of both services' activities, which are given to it.
  { of: 'activities/*', may: ['domain/'], mayTypes: ['activities/'] },

  ...rooms('db', DATABASE, () => []),
  // Counts each service's migrations.
  { of: 'db/schema-version.ts', may: ['db/'] },
  // Opens the services' databases by a process's settings.
  { of: 'db/service-databases.ts', may: ['db/*', 'process/config.ts', 'domain/order-services.ts'] },
  { of: 'db/', may: [...DATABASE, 'process/deadline.ts', 'process/traces.ts', 'pg', 'node:'] },

  // The console's files are made where they are served.
  {
    of: ['api/console/page.ts', 'api/console/bundle.ts'],
    may: ['api/http/', 'api/console/bundle.ts', 'hono', 'esbuild', 'node:url', 'node:util', 'node:zlib'],
  },

  // What knows no service.
  {
    of: 'api/http/',
    may: [...HTTP, 'domain/', 'drizzle-orm', 'pg', '@hono/node-server', 'ipaddr.js', 'node:'],
    mayTypes: HTTP_TYPES,
  },
  ...rooms(
    'api',
    [...HTTP, 'node:timers/promises'],
    (service) =>
      // The services that start workflows.
      service === 'transfer' || service === 'order'
        ? [
            `db/${service}/`,
            'temporal/*',
            `temporal/${service}/`,
            ...MESSAGES,
            '@temporalio/client',
            '@temporalio/common',
          ]
        : [`db/${service}/`, ...consumerOf(service), ...toolsOf(service)],
    () => HTTP_TYPES,
  ),
  // Answers about several services at once, put together of what their rooms tell: it opens no database and sends no query itself.
  {
    of: 'api/console/',
    may: [...HTTP, 'api/', 'domain/', 'temporal/*', ...MESSAGES],
    mayTypes: HTTP_TYPES,
  },
  {
    of: 'api/*',
    may: [
      ...HTTP,
      'api/',
      'domain/',
      'process/',
      'db/*',
      'temporal/',
      'webhooks/',
      ...MESSAGES,
      'db/transfer/open-movement.ts',
      'db/events/lease-queries.ts',
      'drizzle-orm',
    ],
    mayTypes: [...HTTP_TYPES, 'db/transfer/'],
  },

  // Brings rows and workflows together: their types, and for Schedules the rows themselves.
  ...rooms(
    'temporal',
    ['temporal/*', 'process/deadline.ts', 'process/traces.ts', '@temporalio/', ...MESSAGES],
    (service) => [`db/${service}/`],
    () => ['db/database.ts', 'process/'],
  ),
  {
    of: 'temporal/',
    may: ['temporal/*', 'domain/', 'process/deadline.ts', 'process/traces.ts', '@temporalio/', 'node:', ...MESSAGES],
    mayTypes: ['process/'],
  },

  // In local dispatch the workflows' worker is given the activities of both services.
  ...rooms(
    'workers',
    ['workers/*', 'process/', 'db/*', 'temporal/', ...MESSAGES, 'node:'],
    (service) => [
      `activities/${service}/`,
      `db/${service}/`,
      // The publisher's client, and the sending of webhooks.
      ...(service === 'events' ? ['@platformatic/kafka', 'webhooks/'] : []),
      ...consumerOf(service),
      // An order's money moves over the public API, as everybody's does.
      ...(service === 'order' ? ['client/client.ts'] : []),
    ],
    (service) => ['activities/', ...(service === 'events' ? ['pg'] : [])],
  ),
  {
    of: 'workers/activity-worker.ts',
    may: ['workers/*', 'process/', 'temporal/', 'db/database.ts', 'db/installation.ts'],
  },
  {
    of: 'workers/*',
    may: [
      'workers/*',
      'process/',
      'domain/',
      'temporal/',
      ...MESSAGES,
      '@temporalio/worker',
      '@temporalio/common',
      'node:',
    ],
    mayTypes: ['db/database.ts'],
  },

  // A package of its own, which needs nothing of the server and no other package.
  { of: 'client/', may: ['client/'] },

  // Runs in browsers, and knows of the server what any client does.
  { of: 'console/format/', may: ['console/format/'], mayTypes: ['client/client.ts'] },
  { of: 'console/', may: ['console/', 'client/client.ts', 'preact', '@preact/signals'] },

  // A package of its own: the workflow part needs Temporal, and what participants use, nothing.
  { of: 'saga/saga.ts', may: ['@temporalio/workflow'], mayTypes: ['saga/verdict.ts'] },
  {
    of: 'saga/',
    may: ['saga/experiments.ts', 'saga/participant-calls.ts'],
    mayTypes: ['saga/verdict.ts'],
  },

  // As other people's packages: the client, the saga, and nothing of the server.
  {
    of: 'examples/ticketing/workflow.ts',
    may: ['saga/saga.ts', '@temporalio/workflow'],
    mayTypes: ['examples/ticketing/'],
  },
  {
    of: 'examples/ticketing/',
    may: ['examples/ticketing/', 'client/client.ts', 'saga/', 'pg', '@temporalio/', 'node:'],
  },
  { of: 'examples/', may: ['client/client.ts', 'client/consumer/consumer.ts', 'pg', 'node:'] },

  // The app for its own description, which the client's types are made from.
  { of: 'commands/wire-file.ts', may: ['api/', 'commands/document-types.ts', 'prettier', 'node:'] },
  // Starts a stack from outside, and hurts it.
  { of: 'commands/nemesis.ts', may: ['commands/', 'dev/', 'nemesis/', 'process/', 'package.json', 'node:'] },
  // An administrator's commands, and one process with every part, for the embedded stack and for local dispatch.
  {
    of: [
      'commands/serve.ts',
      'commands/serve-orders.ts',
      'commands/migrate.ts',
      'commands/migrate-databases.ts',
      'commands/rebind.ts',
      'commands/fill-counterparties.ts',
      'commands/compare-watermarks.ts',
      'commands/install-keys.ts',
    ],
    may: [
      'commands/',
      'process/',
      'domain/',
      'api/*',
      'activities/',
      'workers/',
      'db/',
      'temporal/',
      ...MESSAGES,
      'dev/',
      '@temporalio/worker',
      'node:',
    ],
  },
  {
    of: 'commands/',
    may: [
      'commands/',
      'process/',
      'domain/',
      'temporal/',
      'db/*',
      ...MESSAGES,
      'audit/',
      'client/client.ts',
      'dev/',
      'commander',
      'csv-parse',
      'package.json',
      'zod',
      'node:',
    ],
    mayTypes: ['activities/'],
  },

  // Reads every service's tables, and believes none of the services' own queries.
  {
    of: 'audit/',
    may: ['audit/', 'domain/', 'db/bind-installation.ts', ...MESSAGES, 'drizzle-orm', '@temporalio/client', 'node:'],
    mayTypes: ['db/database.ts'],
  },

  { of: 'dev/kafka-broker.ts', may: ['dev/', '@platformatic/kafka', 'node:'] },
  // Starts services as processes, never by importing them; the development server is given its search attributes.
  { of: 'dev/', may: ['dev/', ...STACK_DOMAIN, ...MESSAGES, '@temporalio/client', 'pg', 'zod', 'node:'] },

  // Reads along between services and servers, and knows neither.
  { of: 'nemesis/proxy.ts', may: ['nemesis/postgres-wire.ts', 'node:'] },
  { of: 'nemesis/postgres-wire.ts', may: [] },
  // Hurts a stack from outside and looks into all of it: nothing of the services' own code but what decides ids and bodies.
  {
    of: 'nemesis/',
    may: [
      'nemesis/',
      'audit/',
      'client/client.ts',
      'db/database.ts',
      'dev/',
      'domain/',
      'process/',
      'temporal/data-converter.ts',
      ...MESSAGES,
      '@temporalio/client',
      // By which its receivers of webhooks verify signatures, as others' do.
      'standardwebhooks',
      'node:',
    ],
    mayTypes: ['pg'],
  },

  // Dashboards as code: of the services they know the names of metrics, which a test holds against a stack.
  { of: 'observability/', may: ['observability/', 'node:'] },

  { of: ['test/', 'bench/'], may: ['*'] },
];
