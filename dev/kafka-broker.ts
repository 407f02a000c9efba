/**
 * A real Kafka broker for tests and the nemesis: one node with its own directory and ports on loopback, which may be killed and started
 * again on its data. It never outlives this process.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Consumer, stringDeserializers, type BaseOptions } from '@platformatic/kafka';
import { choosePorts } from './ports.ts';
import { runTethered, spawnTethered } from './tether.ts';

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
  /** Hands over all of them one by one, and keeps none. */
  readonly read: (topic: string, take: (message: KafkaMessage) => void) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export interface BrokerOptions {
  /** The script that runs Kafka's classes; see kafka-server.ts. */
  readonly run: string;
  readonly cacheDir: string;
  /** Lines of server.properties, which replace the usual ones of the same names. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Whether it is started at once. */
  readonly isStarted?: boolean;
  /** How the broker's own client here proves who it is. */
  readonly client?: Pick<BaseOptions, 'tls' | 'tlsServerName' | 'sasl'>;
}

const READY_LIMIT_MS = 60_000;
const READ_LIMIT_MS = 60_000;
const CLUSTER_ID = 'Y291bnRlcnBvaXNlLWthZg';

export async function startKafkaBroker({
  run,
  cacheDir,
  properties = {},
  isStarted = true,
  client: identity = {},
}: BrokerOptions): Promise<KafkaBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-kafka-'));
  const wish = (setting: string) => ({ setting, set: 0, usual: 0, lastTime: undefined });
  const reserved = await choosePorts({ broker: wish('the broker'), controller: wish('its controller') }, cacheDir);
  const address = `127.0.0.1:${reserved.ports.broker}`;
  const configFile = join(directory, 'server.properties');
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
  const admin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const opened = new Admin(client);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  };
  const life = lifeOf(run, configFile, join(directory, 'broker.log'), () => admin((opened) => opened.listTopics()));
  const broker: KafkaBroker = {
    address,
    ...life,
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
    async messages(topic) {
      const messages: KafkaMessage[] = [];
      await readAll(client, topic, (message) => messages.push(message));
      return messages;
    },
    read: (topic, take) => readAll(client, topic, take),
    async remove() {
      await life.kill();
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

/** Starts its process and kills it. `ask` rejects while it does not answer. */
function lifeOf(
  run: string,
  configFile: string,
  logFile: string,
  ask: () => Promise<unknown>,
): Pick<KafkaBroker, 'kill' | 'start'> {
  let child: ChildProcess | undefined;
  return {
    async kill() {
      if (child === undefined) return;
      const exited = once(child, 'exit');
      process.kill(-child.pid!, 'SIGKILL');
      await exited;
      child = undefined;
    },
    async start() {
      const log = openSync(logFile, 'a');
      child = spawnTethered(run, ['kafka.Kafka', configFile], { stdio: ['ignore', log, log] });
      closeSync(log);
      const until = Date.now() + READY_LIMIT_MS;
      for (;;) {
        const failure = await ask().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return;
        if (child.exitCode !== null || Date.now() > until)
          throw new Error(`Kafka does not answer:\n${readFileSync(logFile, 'utf8').slice(-4_000)}`, { cause: failure });
        await sleep(100);
      }
    },
  };
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

async function readAll(client: Client, topic: string, take: (message: KafkaMessage) => void): Promise<void> {
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
    let came = 0;
    if (expected === 0) return;
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 50 });
    const timer = setTimeout(() => stream.destroy(new Error(`${topic}: ${came} of ${expected} came`)), READ_LIMIT_MS);
    for await (const { partition, offset, key, value, headers } of stream) {
      take({ partition, offset, key, value, headers: Object.fromEntries(headers) });
      came += 1;
      if (came === expected) break;
    }
    clearTimeout(timer);
  } finally {
    await consumer.close(true);
  }
}
