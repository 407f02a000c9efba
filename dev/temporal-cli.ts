/**
 * The search for the `temporal` executable: PATH, the cache, the official download, or Go, in this order; the first that runs is
 * taken. If none works, one error names each way and why it failed.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cached } from './cache.ts';
import type { Step } from './progress.ts';
import { reasonOf, StackError } from './stack-error.ts';
import { COMMAND_NOT_FOUND, spawnTethered } from './tether.ts';

// The last version that `go install` can build: later ones carry a replace directive.
const VERSION = '1.5.1';
/** The minor version of the oldest server that has what the workflows use, as `temporal --version` tells it. */
const SERVER_MINOR_MIN = 27;
const DOWNLOAD_URL = `https://temporal.download/cli/archive/v${VERSION}`;
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;

const RUN_LIMIT_MS = 15_000;
const CONNECT_LIMIT_MS = 5_000;
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const BUILD_LIMIT_MS = 20 * 60_000;
/** The usual time with two cores, the download of the modules included. */
const BUILD_MINUTES = 4;
/** The lines that `go install -n` prints for each package that is to be built, and `go install -v` for each that it builds. */
const WORK_OF_PACKAGE = /^mkdir -p \$WORK\/b\d+\/$/;
const PACKAGE_NAME = /^[\w.~/-]+$/;
/** How many of Go's last lines are told if it fails. */
const OUTPUT_LINES_MAX = 3;

export interface TemporalCliSource {
  readonly cacheDir: string;
  /** The environment from which PATH and Go's settings are read. */
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

/** The reason why this command is no Temporal CLI that will do; undefined if it is one. */
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

/**
 * Runs `go install` twice: first with `-n`, which downloads the modules and only prints the work to be done, and so tells how
 * much there is.
 */
async function goInstall(directory: string, { environment, step }: TemporalCliSource): Promise<void> {
  const run = (flag: string, onLine: (line: string) => void): Promise<void> =>
    runGo(['install', flag, GO_PACKAGE], { ...environment, GOBIN: directory }, onLine);
  let modules = 0;
  let packages = 0;
  const toBuild = new Set<string>();
  const tell = (what: string): void => step.update(`${what}, usually ${BUILD_MINUTES} minutes`);
  tell('building the CLI with Go');
  await run('-n', (line) => {
    if (line.startsWith('go: downloading ')) tell(`downloading Go modules, ${(modules += 1)} so far`);
    if (WORK_OF_PACKAGE.test(line)) toBuild.add(line);
  });
  await run('-v', (line) => {
    if (!PACKAGE_NAME.test(line)) return;
    packages += 1;
    tell(packages < toBuild.size ? `building the CLI, ${packages} of ${toBuild.size} packages` : 'linking the CLI');
  });
}

/** Runs Go to its end, and gives each line that it writes to `onLine`. Throws the last lines unless Go exits with 0. */
async function runGo(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<void> {
  const go = spawnTethered('go', args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  const output: string[] = [];
  createInterface(go.stderr!).on('line', (line) => {
    onLine(line);
    if (output.push(line) > OUTPUT_LINES_MAX) output.shift();
  });
  const [code, signal] = (await once(go, 'close')) as [number | null, string | null];
  if (code === 0) return;
  if (code === COMMAND_NOT_FOUND) throw new Error('go is not on PATH');
  throw new Error(`${signal ?? `exit code ${code}`}: ${output.join(' ')}`);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
