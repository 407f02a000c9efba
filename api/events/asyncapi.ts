/**
 * The AsyncAPI 3.0 document at /asyncapi.json: what leaves the system by Kafka, as a stream and to webhooks. Made from the same
 * schemas as GET /v1/event-types, so that the two cannot differ.
 */
import { Hono } from 'hono';
import type { JsonSchema } from '../../domain/events/event-schema.ts';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import {
  CLOUD_EVENT_CONTENT_TYPE,
  DEAD_LETTER_TOPIC,
  EVENTS_TOPIC,
  PARTITIONS,
} from '../../domain/events/kafka-topics.ts';
import type { ApiEnv } from '../http/env.ts';
import { openToAll } from '../http/scopes.ts';

const BINDING_VERSION = '0.5.0';
const SSE_CONTENT_TYPE = 'text/event-stream';

/** Made once, at the first request. */
export function asyncApiRoute() {
  let document: object | undefined;
  return new Hono<ApiEnv>().get('/asyncapi.json', openToAll, (c) => c.json((document ??= asyncApiDocument())));
}

const text = (description: string, more: object = {}): object => ({ type: 'string', description, ...more });

/** Kafka's headers are bytes; each of these is UTF-8 text. */
const kafkaHeaders = {
  'content-type': { type: 'string', const: CLOUD_EVENT_CONTENT_TYPE },
  ce_specversion: { type: 'string', const: '1.0' },
  ce_id: text('The id of the event. A message that comes again has the same.'),
  ce_source: text('The service that wrote the event.'),
  ce_type: text('The type of the event.'),
  ce_subject: text('The subject of the event, which is the key too.'),
  ce_time: text('When the event was written.', { format: 'date-time' }),
  ce_position: text('The position of the event in the log, a whole number: the order of all events.', {
    pattern: '^[1-9][0-9]*$',
  }),
};

const deadLetterHeaders = {
  ...kafkaHeaders,
  dlq_reason: text('A stable code.', { enum: ['too_large', 'refused'] }),
  dlq_detail: text('What the broker said.'),
  dlq_topic: text('The topic for which the event was meant.'),
};

const webhookHeaders = {
  'webhook-id': text(
    '`evt_` and the position of the event. A delivery that is repeated has the same. Where the log was restored from a backup, the event’s own `id` alone tells.',
    {
      pattern: '^evt_[1-9][0-9]*$',
    },
  ),
  'webhook-timestamp': text('When this attempt was made, in seconds since 1970.', { pattern: '^[0-9]+$' }),
  'webhook-signature': text(
    '`v1,` and the signature in base64; one for each secret that signs, with spaces between, while they are rotated.',
  ),
};

function headers(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties };
}

const subjectKey = {
  kafka: {
    key: text('The subject. All messages of a subject are in one partition, in the order of the events.'),
    bindingVersion: BINDING_VERSION,
  },
};

/** A message for each type of event; `isNumbered` if its body has the position of the event too. */
function messages(more: object, isNumbered = false): Record<string, object> {
  return Object.fromEntries(
    EVENT_TYPES.map(({ type, title, description }) => {
      const event = { $ref: `#/components/schemas/${type}` };
      const payload = isNumbered ? { allOf: [{ $ref: '#/components/schemas/numbered' }, event] } : event;
      return [type, { name: type, title, description, payload, ...more }];
    }),
  );
}

/** What the body has besides the event where no header has it. */
const numbered = {
  type: 'object',
  title: 'The position of an event',
  required: ['position'],
  properties: {
    position: { type: 'integer', minimum: 1, description: 'Its place in the log: 1, 2, 3 … without a gap.' },
  },
};

/** A schema as AsyncAPI has it: its own dialect, in which these keywords mean the same as in JSON Schema 2020-12. */
function asyncApiSchema(schema: JsonSchema): object {
  const { $schema: _, $id, ...members } = schema;
  return { ...members, 'x-dataschema': $id };
}

function asyncApiDocument(): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Counterpoise events',
      version: '1',
      description: `What has happened to money, as [CloudEvents 1.0](https://cloudevents.io) in structured mode: the same events, in the
same shape, by each way. Each is delivered **at least once**; a reader keeps the \`id\` of what it has dealt with. The events of one
subject keep their order. Members and types that a reader does not know may be added.`,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/cloudevents+json',
    servers: {
      kafka: {
        host: '{broker}',
        protocol: 'kafka',
        description: 'The brokers of KAFKA_BROKERS. Without that setting, nothing is published to Kafka.',
        variables: { broker: { default: 'localhost:9092' } },
      },
      api: {
        host: '{address}',
        protocol: 'http',
        description: 'The API.',
        variables: { address: { default: 'localhost:3000' } },
      },
    },
    channels: channels(),
    operations: {
      publishEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Every event, in the order of the log within each subject.',
      },
      publishDeadLetters: {
        action: 'send',
        channel: { $ref: '#/channels/deadLetters' },
        summary: 'What the brokers refuse for good.',
      },
      streamEvents: {
        action: 'send',
        channel: { $ref: '#/channels/stream' },
        summary: 'Every event, to whoever has opened the stream.',
      },
      callWebhook: {
        action: 'send',
        channel: { $ref: '#/channels/webhook' },
        summary: 'POST of one event, until the endpoint has answered 2xx.',
      },
    },
    components: {
      schemas: {
        ...Object.fromEntries(EVENT_TYPES.map(({ type, schema }) => [type, asyncApiSchema(schema)])),
        deadLetter,
        numbered,
      },
    },
  };
}

const deadLetter = {
  type: 'object',
  title: 'An event without its data',
  description: 'The envelope of the event that could not be published. `dataref` is where the whole of it is.',
  required: ['specversion', 'id', 'source', 'type', 'subject', 'dataref'],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string' },
    source: { type: 'string' },
    type: { type: 'string' },
    subject: { type: 'string' },
    dataref: text('A path of the API: GET /v1/events/{position}.', { format: 'uri-reference' }),
  },
};

function channels(): object {
  return {
    events: {
      address: EVENTS_TOPIC,
      servers: [{ $ref: '#/servers/kafka' }],
      description: `Read with \`isolation.level\` of any kind. Partitions are chosen by Kafka's usual hash of the key. The number of
partitions is that of a topic which the publisher makes; a topic that is there is taken as it is.`,
      messages: messages({
        contentType: CLOUD_EVENT_CONTENT_TYPE,
        headers: headers(kafkaHeaders),
        bindings: subjectKey,
      }),
      bindings: { kafka: { topic: EVENTS_TOPIC, partitions: PARTITIONS, bindingVersion: BINDING_VERSION } },
    },
    deadLetters: {
      address: DEAD_LETTER_TOPIC,
      servers: [{ $ref: '#/servers/kafka' }],
      messages: {
        deadLetter: {
          name: 'deadLetter',
          title: 'An event that can never be published',
          contentType: CLOUD_EVENT_CONTENT_TYPE,
          headers: headers(deadLetterHeaders),
          payload: { $ref: '#/components/schemas/deadLetter' },
          bindings: subjectKey,
        },
      },
      bindings: { kafka: { topic: DEAD_LETTER_TOPIC, partitions: PARTITIONS, bindingVersion: BINDING_VERSION } },
    },
    stream: {
      address: '/v1/events/stream',
      servers: [{ $ref: '#/servers/api' }],
      description: `Server-sent events: \`id:\` is the position, \`event:\` the type, \`data:\` the event on one line. \`Last-Event-ID\` goes on behind a
position. A comment every 15 s keeps the connection.`,
      messages: messages({ contentType: SSE_CONTENT_TYPE }, true),
      bindings: { http: {} },
    },
    webhook: {
      address: null,
      description: 'The URL of a webhook endpoint. Signed as Standard Webhooks says.',
      messages: messages({ contentType: 'application/json', headers: headers(webhookHeaders) }, true),
    },
  };
}
