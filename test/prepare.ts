/**
 * Runs before the tests: puts the servers that they need into the cache, and shows the progress. On a machine that has neither this
 * takes minutes, and a test has only seconds to start.
 */
import { cacheDirectory } from '../dev/cache.ts';
import { findKafkaServer } from '../dev/kafka-server.ts';
import { showProgress } from '../dev/progress.ts';
import { findTemporalCli } from '../dev/temporal-cli.ts';
import { findTimeSkippingServer } from '../dev/time-skipping-server.ts';

const progress = showProgress(process.stderr);
const cacheDir = cacheDirectory(process.env['XDG_CACHE_HOME']);

async function get(
  title: string,
  find: typeof findTemporalCli | typeof findTimeSkippingServer | typeof findKafkaServer,
): Promise<void> {
  const step = progress.begin(title);
  try {
    await find({ cacheDir, environment: process.env, step });
    step.done('there');
  } catch (error) {
    step.fail();
    throw error;
  }
}

try {
  await Promise.all([
    get('Temporal', findTemporalCli),
    get('Time-skipping Temporal', findTimeSkippingServer),
    // Without it, its tests say what they lack; the others need none.
    get('Kafka', findKafkaServer).catch((error: unknown) => console.error((error as Error).message)),
  ]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
