// A real Kafka broker for a test file, where Java can run one.

import { cacheDirectory } from '../../dev/cache.ts';
import { startKafkaBroker, type BrokerOptions, type KafkaBroker } from '../../dev/kafka-broker.ts';
import { findKafkaServer } from '../../dev/kafka-server.ts';
import { silentProgress } from '../../dev/progress.ts';

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

export async function startKafka(options: Omit<BrokerOptions, 'run' | 'cacheDir'> = {}): Promise<KafkaBroker> {
  return startKafkaBroker({ run: await findServer(), cacheDir, ...options });
}
