// A real Kafka broker for a test file: one node with its own directory and ports on loopback, which the test may kill and start
// again. It never outlives the test run.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Consumer, stringDeserializers, type BaseOptions } from '@platformatic/kafka';
import { cacheDirectory } from '../../dev/cache.ts';
import { findKafkaServer } from '../../dev/kafka-server.ts';
import { choosePorts } from '../../dev/ports.ts';
import { silentProgress } from '../../dev/progress.ts';
import { runTethered, spawnTethered } from '../../dev/tether.ts';

export interface KafkaMessage {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface KafkaBroker {
  /** `host:port` */
  readonly address: string;
  /** Ends it with SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Starts it on its data, and returns once it answers. */
  readonly start: () => Promise<void>;
  readonly createTopic: (topic: string, configs?: Readonly<Record<string, string>>) => Promise<void>;
  /** How many partitions each topic has. */
  readonly topics: () => Promise<Record<string, number>>;
  /** All messages of a topic that are there now, each partition in its order; none if there is no such topic. */
  readonly messages: (topic: string) => Promise<KafkaMessage[]>;
  readonly remove: () => Promise<void>;
}

export interface BrokerOptions {
  /** Lines of server.properties, which replace the usual ones of the same names. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Whether it is started at once. */
  readonly isStarted?: boolean;
  /** How this test's own client proves who it is. */
  readonly client?: Pick<BaseOptions, 'tls' | 'tlsServerName' | 'sasl'>;
}

const cacheDir = cacheDirectory(process.env['XDG_CACHE_HOME']);

/**
 * Why there is no Kafka for tests on this machine, which may have no Java; false if there is. In continuous integration it is not
 * asked, and a test that lacks it fails.
 */
export const lacksKafka: string | false =
  process.env['CI'] === undefined &&
  (await findServer().then(
    () => false as const,
    (error: Error) => error.message,
  ));

function findServer(): Promise<string> {
  return findKafkaServer({ cacheDir, environment: process.env, step: silentProgress.begin('Kafka') });
}

const READY_LIMIT_MS = 60_000;
const READ_LIMIT_MS = 60_000;
const CLUSTER_ID = 'Y291bnRlcnBvaXNlLWthZg';

export async function startKafka({
  properties = {},
  isStarted = true,
  client: identity = {},
}: BrokerOptions = {}): Promise<KafkaBroker> {
  const run = await findServer();
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-kafka-'));
  const wish = (setting: string) => ({ setting, set: 0, usual: 0, lastTime: undefined });
  const reserved = await choosePorts({ broker: wish('the broker'), controller: wish('its controller') }, cacheDir);
  const address = `127.0.0.1:${reserved.ports.broker}`;
  const configFile = join(directory, 'server.properties');
  const logFile = join(directory, 'broker.log');
  writeFileSync(configFile, linesOf({ ...usual(directory, reserved.ports), ...properties }));
  await runTethered(run, ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', configFile, '--standalone'], {});
  const client = {
    clientId: 'test',
    bootstrapBrokers: [address],
    retries: 0,
    connectTimeout: 1_000,
    timeout: 5_000,
    ...identity,
  };
  let child: ChildProcess | undefined;

  const admin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const opened = new Admin(client);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  };
  const kill = async (): Promise<void> => {
    if (child === undefined) return;
    const exited = once(child, 'exit');
    process.kill(-child.pid!, 'SIGKILL');
    await exited;
    child = undefined;
  };
  const broker: KafkaBroker = {
    address,
    kill,
    async start() {
      const log = openSync(logFile, 'a');
      child = spawnTethered(run, ['kafka.Kafka', configFile], { stdio: ['ignore', log, log] });
      closeSync(log);
      const until = Date.now() + READY_LIMIT_MS;
      for (;;) {
        const failure = await admin((opened) => opened.listTopics()).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return;
        if (child.exitCode !== null || Date.now() > until)
          throw new Error(`Kafka does not answer:\n${readFileSync(logFile, 'utf8').slice(-4_000)}`, { cause: failure });
        await sleep(100);
      }
    },
    async createTopic(topic, configs = {}) {
      const given = Object.entries(configs).map(([name, value]) => ({ name, value }));
      await admin((opened) => opened.createTopics({ topics: [topic], partitions: 3, replicas: 1, configs: given }));
    },
    topics: () =>
      admin(async (opened) => {
        const names = await opened.listTopics();
        const { topics } = await opened.metadata({ topics: names });
        return Object.fromEntries([...topics].map(([name, { partitionsCount }]) => [name, partitionsCount]));
      }),
    messages: (topic) => readAll(client, topic),
    async remove() {
      await kill();
      reserved.release();
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  if (isStarted)
    await broker.start().catch(async (error: unknown) => {
      await broker.remove();
      throw error;
    });
  return broker;
}

function usual(directory: string, ports: { broker: number; controller: number }): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.controller}`,
    listeners: `CLIENTS://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENTS',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A broker that was killed is let in again only when its last session is over.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
  };
}

function linesOf(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

type Client = ConstructorParameters<typeof Admin>[0];

async function readAll(client: Client, topic: string): Promise<KafkaMessage[]> {
  const consumer = new Consumer({
    ...client,
    retries: 20,
    retryDelay: 250,
    groupId: `test-${topic}-${Date.now()}`,
    deserializers: stringDeserializers,
  });
  try {
    const ends = await consumer.listOffsets({ topics: [topic], timestamp: -1n });
    const expected = ends.get(topic)!.reduce((sum, end) => sum + Number(end), 0);
    const messages: KafkaMessage[] = [];
    if (expected === 0) return messages;
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 50 });
    const timer = setTimeout(
      () => stream.destroy(new Error(`${topic}: ${messages.length} of ${expected} came`)),
      READ_LIMIT_MS,
    );
    for await (const { partition, offset, key, value, headers } of stream) {
      messages.push({ partition, offset, key, value, headers: Object.fromEntries(headers) });
      if (messages.length === expected) break;
    }
    clearTimeout(timer);
    return messages;
  } finally {
    await consumer.close(true);
  }
}
