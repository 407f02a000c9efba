// The publisher against a broker that wants TLS and a password: settings lead to a connection, and what a broker does not allow is
// said in words.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { EVENTS_TOPIC } from '../../domain/events/kafka-topics.ts';
import { readSettings, SettingsError } from '../../process/config.ts';
import { kafkaOptions } from '../../workers/events/kafka-options.ts';
import { startKafkaPublisher } from '../../workers/events/kafka-publisher.ts';
import { startCluster, type TestCluster } from './database.ts';
import type { KafkaBroker } from '../../dev/kafka-broker.ts';
import { lacksKafka, startKafka } from './kafka-broker.ts';

const WAIT_LIMIT_MS = 120_000;

describe('a broker that wants TLS and a password', { skip: lacksKafka }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-kafka-keys-'));
  const [keys, certificate, password] = ['keys.p12', 'certificate.pem', 'password'].map((name) =>
    join(directory, name),
  );
  let broker: KafkaBroker | undefined;
  let cluster: TestCluster | undefined;

  before(async () => {
    const keytool = (...args: string[]): void => {
      execFileSync('keytool', [...args, '-alias', 'broker', '-keystore', keys!, '-storepass', 'changeit'], {
        stdio: 'pipe',
      });
    };
    keytool('-genkeypair', '-keyalg', 'EC', '-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1,dns:localhost');
    keytool('-exportcert', '-rfc', '-file', certificate!);
    writeFileSync(password!, 'a secret\n');
    const users = { admin: 'of the admin', counterpoise: 'a secret', nobody: 'of nobody' };
    const known = Object.entries(users).map(([name, secret]) => ` user_${name}="${secret}"`);
    cluster = await startCluster();
    broker = await startKafka({
      properties: {
        'listener.security.protocol.map': 'CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.clients.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="${users.admin}"${known.join('')};`,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': keys!,
        'ssl.keystore.password': 'changeit',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': certificate!,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:admin;User:counterpoise;User:ANONYMOUS',
      },
      client: {
        tls: { ca: readFileSync(certificate!) },
        tlsServerName: 'localhost',
        sasl: { mechanism: 'PLAIN', username: 'admin', password: users.admin },
      },
    });
  });
  after(async () => {
    await Promise.all([broker?.remove(), cluster?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  /** Publishes by these settings until `isSo` is true of the log's lines. */
  async function linesOf(
    env: Record<string, string>,
    isSo: (lines: readonly string[]) => Promise<boolean> | boolean,
  ): Promise<void> {
    const { events } = await cluster!.createStores({ shards: 1 });
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
    const options = kafkaOptions(readSettings(env))!;
    const publisher = startKafkaPublisher({ database: events.service, options, logger });
    try {
      const limit = Date.now() + WAIT_LIMIT_MS;
      while (!(await isSo(lines))) {
        if (Date.now() > limit) throw new Error(lines.join(''));
        await sleep(20);
      }
    } finally {
      await publisher.stop();
    }
  }

  const secured = (username: string, more: Record<string, string>) => ({
    KAFKA_BROKERS: broker!.address,
    KAFKA_TLS: 'on',
    KAFKA_TLS_CA_FILE: certificate!,
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: username,
    ...more,
  });
  const says = (text: string) => (lines: readonly string[]) => lines.some((line) => line.includes(text));

  test('that does not let it make the topics is named with the topic', async () => {
    await linesOf(secured('nobody', { KAFKA_SASL_PASSWORD: 'of nobody' }), says(EVENTS_TOPIC));
  });

  test('that does not know the password is told from one that is not there', async () => {
    await linesOf(secured('counterpoise', { KAFKA_SASL_PASSWORD: 'wrong' }), says('SASL authentication failed'));
  });

  test('is published to, with the secrets from files', async () => {
    await linesOf(secured('counterpoise', { KAFKA_SASL_PASSWORD_FILE: password! }), async () =>
      Object.keys(await broker!.topics()).includes(EVENTS_TOPIC),
    );
  });
});

test('credentials that are not whole are refused at the start', () => {
  const of = (more: Record<string, string>) => () =>
    kafkaOptions(readSettings({ KAFKA_BROKERS: 'kafka:9092', ...more }));
  assert.throws(of({ KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'me' }), SettingsError);
  assert.throws(of({ KAFKA_TLS: 'on', KAFKA_TLS_KEY: 'key' }), SettingsError);
  assert.throws(of({ KAFKA_TLS_CA: 'ca' }), SettingsError);
  assert.throws(of({ KAFKA_SASL_MECHANISM: 'GSSAPI' }), /KAFKA_SASL_MECHANISM is wrong: expected PLAIN, SCRAM/);
  assert.equal(kafkaOptions(readSettings({})), undefined);
  assert.deepEqual(of({})()!.bootstrapBrokers, [{ host: 'kafka', port: 9092 }]);
  assert.deepEqual(kafkaOptions(readSettings({ KAFKA_BROKERS: '[::1]:19092,b' }))!.bootstrapBrokers, [
    { host: '::1', port: 19_092 },
    { host: 'b', port: 9_092 },
  ]);
});
