/**
 * The search for the workflow tests' time-skipping server: the cache, the official download (which the SDK does by itself), or
 * the same server's jars from Maven Central. If none works, one error names each way and why it failed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { getJars, whyNot, type Jars } from './maven-jars.ts';
import type { Step } from './progress.ts';
import { reasonOf, StackError } from './stack-error.ts';

const JAR_VERSION = '1.31.0';
const JARS: Jars = {
  artifacts: [`io.temporal:temporal-test-server:${JAR_VERSION}`],
  run: 'io.temporal.testserver.TestServer "$@"',
};
const DOWNLOAD_URL = 'https://temporal.download/temporal-test-server/default';
const CONNECT_LIMIT_MS = 3_000;

/** The value that TestWorkflowEnvironment.createTimeSkipping takes as `server.executable`. */
export type TimeSkippingServer =
  { type: 'existing-path'; path: string } | { type: 'cached-download'; downloadDir: string };

export interface TimeSkippingServerSource {
  readonly cacheDir: string;
  /** The environment from which PATH is read. */
  readonly environment: NodeJS.ProcessEnv;
  readonly downloadUrl?: string;
  readonly step: Step;
}

export async function findTimeSkippingServer(source: TimeSkippingServerSource): Promise<TimeSkippingServer> {
  const { cacheDir, environment, step, downloadUrl = DOWNLOAD_URL } = source;
  const download: TimeSkippingServer = { type: 'cached-download', downloadDir: cacheDir };
  const name = `temporal-test-server-jar-${JAR_VERSION}`;
  const script = (directory: string): TimeSkippingServer => ({ type: 'existing-path', path: join(directory, 'run') });

  if (wasDownloaded(cacheDir)) return download;
  const failures = [`the cache, ${cacheDir}: not there`];
  const java = await whyNot('java', ['-version'], environment);
  if (!java && existsSync(join(cacheDir, name))) return script(join(cacheDir, name));

  step.update('looking for the official download');
  const official = await whyNoDownload(downloadUrl);
  if (!official) return download;
  failures.push(`download from ${downloadUrl}: ${official}`);

  const maven = java ?? (await whyNot('mvn', ['-version'], environment));
  try {
    if (maven) throw new Error(maven);
    const isUsable = async (directory: string): Promise<boolean> => existsSync(directory);
    const build = (directory: string): Promise<void> => getJars(directory, join(cacheDir, name), JARS, environment);
    step.update('getting the jars of the time-skipping server from Maven Central');
    return script(await cached(cacheDir, name, isUsable, build, () => step.update('waiting for another process')));
  } catch (error) {
    failures.push(`Maven, io.temporal:temporal-test-server:${JAR_VERSION}: ${reasonOf(error)}`);
  }
  throw new StackError(
    'No time-skipping Temporal server was found for the workflow tests. Tried, in this order:\n' +
      failures.map((failure, n) => `  ${n + 1}. ${failure}`).join('\n') +
      '\nEither of these helps: let this machine reach temporal.download; or install Java 17 and Maven ' +
      'and let them reach Maven Central.',
  );
}

/** Whether the SDK's download is in the cache, by the SDK's own naming; the SDK keeps it for ever. */
function wasDownloaded(cacheDir: string): boolean {
  return readdirSync(cacheDir).some((file) => /^temporal-test-server-sdk-typescript-[\d.]+(\.exe)?$/.test(file));
}

async function whyNoDownload(downloadUrl: string): Promise<string | undefined> {
  // The official binary is made for this one architecture.
  if (process.arch !== 'x64') return `there is none for ${process.arch}`;
  try {
    const response = await fetch(downloadUrl, { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) });
    await response.body?.cancel();
    return response.status < 500 ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}
