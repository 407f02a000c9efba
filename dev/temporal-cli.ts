/**
 * Where the `temporal` executable comes from: PATH, the cache, the official download, or Go, in this
 * order; the first that runs is taken. If none works, one error names each way and why it failed.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cached } from './cache.ts';
import type { Step } from './progress.ts';
import { reasonOf, StackError } from './stack-error.ts';
import { COMMAND_NOT_FOUND, spawnTethered } from './tether.ts';

// The last version that `go install` can build: later ones carry a replace directive.
const VERSION = '1.5.1';
/** The oldest server that has what the workflows use, as `temporal --version` tells it. */
const SERVER_MINOR_MIN = 27;
const DOWNLOAD_URL = `https://temporal.download/cli/archive/v${VERSION}`;
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;

const RUN_LIMIT_MS = 15_000;
const CONNECT_LIMIT_MS = 5_000;
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const BUILD_LIMIT_MS = 20 * 60_000;

export interface TemporalCliSource {
  readonly cacheDir: string;
  /** What PATH and Go's settings are read from. */
  readonly environment: NodeJS.ProcessEnv;
  readonly downloadUrl?: string;
  readonly step: Step;
}

/** A command that runs a Temporal CLI of a fitting version. */
export async function findTemporalCli(source: TemporalCliSource): Promise<string> {
  const { cacheDir, environment, step } = source;
  const onPath = await whyNot('temporal', environment);
  if (!onPath) return 'temporal';

  const failures = [`temporal on PATH: ${onPath}`];
  const name = `temporal-cli-${VERSION}`;
  const executable = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  let missing: string | undefined;
  const isUsable = async (directory: string): Promise<boolean> => {
    missing = await whyNot(join(directory, executable), environment);
    return missing === undefined;
  };
  const build = async (directory: string): Promise<void> => {
    failures.push(`the cache, ${join(cacheDir, name)}: ${missing}`);
    const target = join(directory, executable);
    const ways: [string, () => Promise<void>][] = [
      [`download from ${source.downloadUrl ?? DOWNLOAD_URL}`, () => download(directory, source)],
      [`go install ${GO_PACKAGE}`, () => goInstall(directory, source)],
    ];
    for (const [way, get] of ways) {
      try {
        await get();
        const reason = await whyNot(target, environment);
        if (!reason) return;
        failures.push(`${way}: ${reason}`);
      } catch (error) {
        failures.push(`${way}: ${reasonOf(error)}`);
      }
    }
    throw new StackError(
      `No Temporal server was found. Tried, in this order:\n` +
        ['TEMPORAL_ADDRESS: not set', ...failures].map((failure, n) => `  ${n + 1}. ${failure}`).join('\n') +
        '\nAny one of these helps: set TEMPORAL_ADDRESS to a server that runs; install the Temporal CLI ' +
        '(https://docs.temporal.io/cli) so that `temporal` is on PATH; let this machine reach temporal.download; ' +
        'or install Go 1.24 or newer and let it reach its module proxy.',
    );
  };
  const waiting = (): void => step.update('waiting for another process that is fetching the Temporal CLI');
  return join(await cached(cacheDir, name, isUsable, build, waiting), executable);
}

/** Why this command is no Temporal CLI that will do; undefined if it is one. */
async function whyNot(command: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], {
      timeout: RUN_LIMIT_MS,
      env: environment,
    });
    const server = /Server 1\.(\d+)\./.exec(stdout)?.[1];
    return server !== undefined && Number(server) >= SERVER_MINOR_MIN
      ? undefined
      : `too old: ${stdout.trim() || 'it does not tell its version'}; server 1.${SERVER_MINOR_MIN} is needed`;
  } catch (error) {
    return isMissing(error) ? 'not there' : `does not run: ${reasonOf(error).trim()}`;
  }
}

async function download(directory: string, { downloadUrl = DOWNLOAD_URL, step }: TemporalCliSource): Promise<void> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  step.update('downloading the Temporal CLI');
  const abort = new AbortController();
  const abortAfter = (limitMs: number): NodeJS.Timeout =>
    setTimeout(() => abort.abort(new Error(`not done within ${limitMs / 1000} s`)), limitMs);
  const connecting = abortAfter(CONNECT_LIMIT_MS);
  const address = `${downloadUrl}?platform=${platform}&arch=${arch}`;
  const response = await fetch(address, { signal: abort.signal }).finally(() => clearTimeout(connecting));
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);

  const bytesTotal = Number(response.headers.get('content-length'));
  let bytes = 0;
  const archive = join(directory, 'archive');
  const body = Readable.fromWeb(response.body).on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const total = bytesTotal ? ` of ${megabytes(bytesTotal)}` : '';
    step.update(`downloading the Temporal CLI, ${megabytes(bytes)}${total}`);
  });
  const downloading = abortAfter(DOWNLOAD_LIMIT_MS);
  await pipeline(body, createWriteStream(archive)).finally(() => clearTimeout(downloading));
  await promisify(execFile)('tar', ['-xf', archive, '-C', directory], { timeout: BUILD_LIMIT_MS });
  await rm(archive);
}

async function goInstall(directory: string, { environment, step }: TemporalCliSource): Promise<void> {
  step.update('building the Temporal CLI with go install, 4 minutes the first time');
  const go = spawnTethered('go', ['install', GO_PACKAGE], {
    env: { ...environment, GOBIN: directory },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  let said = '';
  go.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
    const line = text.trim().split('\n').at(-1)!;
    if (line.startsWith('go: downloading')) step.update(`building the Temporal CLI, ${line.slice(4)}`);
  });
  const [code, signal] = (await once(go, 'close')) as [number | null, string | null];
  if (code === 0) return;
  if (code === COMMAND_NOT_FOUND) throw new Error('go is not on PATH');
  throw new Error(`${signal ?? `exit code ${code}`}: ${said.trim().split('\n').slice(-3).join(' ')}`);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
