/** The search for the Kafka broker of the tests: the cache, or its jars from Maven Central, which Java 17 or newer runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { getJars, whyNot, type Jars } from './maven-jars.ts';
import type { Step } from './progress.ts';
import { reasonOf, StackError } from './stack-error.ts';

const VERSION = '4.1.0';
const JARS: Jars = {
  // The second one writes the broker's log to its standard error.
  artifacts: [`org.apache.kafka:kafka_2.13:${VERSION}`, 'org.slf4j:slf4j-simple:1.7.36'],
  run: '-Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn "$@"',
};

/** The script that runs the class that its first argument names: `kafka.Kafka`, `kafka.tools.StorageTool`. */
export async function findKafkaServer({
  cacheDir,
  environment,
  step,
}: {
  readonly cacheDir: string;
  /** The environment from which PATH is read. */
  readonly environment: NodeJS.ProcessEnv;
  readonly step: Step;
}): Promise<string> {
  const name = `kafka-jars-${VERSION}`;
  const entry = join(cacheDir, name);
  try {
    const missing = await whyNot('java', ['-version'], environment);
    if (missing) throw new Error(missing);
    const isUsable = async (directory: string): Promise<boolean> => existsSync(directory);
    const build = async (directory: string): Promise<void> => {
      const maven = await whyNot('mvn', ['-version'], environment);
      if (maven) throw new Error(maven);
      step.update('getting the jars of Kafka from Maven Central');
      await getJars(directory, entry, JARS, environment);
    };
    return join(await cached(cacheDir, name, isUsable, build, () => step.update('waiting for another process')), 'run');
  } catch (error) {
    throw new StackError(
      `No Kafka broker was found for the tests (Maven, ${JARS.artifacts[0]}): ${reasonOf(error)}\n` +
        'Install Java 17 and Maven, and let them reach Maven Central.',
    );
  }
}
