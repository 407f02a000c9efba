// The production image and services without Docker, from the Dockerfile and docker-compose.yml: the files and packages of the
// image in a directory, and each service as a command with its settings, in which hosts of the compose network are replaced by
// local ones.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { ORDER_SERVICES } from '../../domain/order-services.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface ServiceCommand {
  readonly name: string;
  /** The arguments of `node`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The arguments of `node` for the health check. */
  readonly healthArgs: readonly string[] | undefined;
}

/** Builds the image's /app: the files that .dockerignore lets in, and the packages that `npm ci --omit=dev` installs. */
export function buildImage(directory: string): void {
  const names = read('.dockerignore').match(/(?<=^!).+/gm) ?? [];
  for (const name of names) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: true }> };
  for (const [path, { dev }] of Object.entries(packages)) {
    const from = join(ROOT, path);
    if (path === '' || dev || !existsSync(from)) continue;
    linkPackage(from, join(directory, path));
  }
}

/** Makes the volumes with the secrets, by the script that makes them in the image. `hosts` as for readServices. */
export function makeSecrets(
  directory: string,
  administratorPassword: string,
  hosts: Readonly<Record<string, string>>,
): void {
  for (const reader of [
    'postgres',
    'temporal',
    'migrate',
    'api',
    'wallet',
    'wallet-api',
    'transfer',
    'events',
    ...ORDER_SERVICES,
    'root',
  ])
    mkdirSync(join(directory, reader), { recursive: true });
  writeFileSync(join(directory, 'postgres/password'), administratorPassword);
  const make = (): void => void execFileSync('sh', [join(ROOT, 'docker/make-secrets.sh'), directory]);
  make();
  const before = readAll(directory);
  make();
  if (readAll(directory) !== before) throw new Error('a second start made other secrets');
  for (const file of filesIn(directory))
    writeFileSync(file, withLocalHosts(readFileSync(file, 'utf8'), hosts), { mode: 0o600 });
}

/** The services that run the image. `hosts` maps each `host:port` of the compose network to a local address. */
export function readServices(secretsDirectory: string, hosts: Readonly<Record<string, string>>): ServiceCommand[] {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, ComposeService>;
  };
  return Object.entries(services)
    .filter(([, { image }]) => image === 'counterpoise')
    .map(([name, { command = [], environment = {}, volumes = [], healthcheck }]) => {
      const secrets = /^secrets-([\w-]+):\/run\/secrets:ro$/.exec(volumes.join())?.[1] ?? 'none';
      // Of a variable that nobody has set, its default.
      const interpolate = (value: string): string => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
      const localize = (value: string): string =>
        withLocalHosts(interpolate(value), hosts).replace('/run/secrets', join(secretsDirectory, secrets));
      return {
        name,
        args: withoutNode(command),
        environment: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, localize(value)])),
        healthArgs: healthcheck && withoutNode(healthcheck.test.slice(1)).map((arg) => withLocalHosts(arg, hosts)),
      };
    });
}

/** Links the files of a package, without the packages within it, which the lockfile lists too. A copy would be 16,000 files. */
function linkPackage(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && entry.name !== 'node_modules') linkPackage(source, target);
    else if (entry.isFile()) linkOrCopy(source, target);
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // another file system
  }
}

function withoutNode([node, ...args]: readonly string[]): string[] {
  if (node !== 'node') throw new Error(`${node} is not node`);
  return args;
}

function withLocalHosts(text: string, hosts: Readonly<Record<string, string>>): string {
  return Object.entries(hosts).reduce((said, [there, address]) => said.replaceAll(there, address), text);
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readAll(directory: string): string {
  return filesIn(directory)
    .map((file) => `${file} ${readFileSync(file, 'utf8')}`)
    .join('\n');
}
