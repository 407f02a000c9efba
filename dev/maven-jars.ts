/** Jars of Java programs from Maven Central, with all that they depend on, and a script that runs one of their classes. */
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from './stack-error.ts';

const MAVEN_LIMIT_MS = 5 * 60_000;
const RUN_LIMIT_MS = 15_000;

export interface Jars {
  /** Each as `group:artifact:version`. */
  readonly artifacts: readonly string[];
  /** What the script runs: `$@` stands for its arguments. */
  readonly run: string;
}

/** Fills `directory`, which will become `home`, with the jars and the script `run`. Throws what Maven says if it fails. */
export async function getJars(
  directory: string,
  home: string,
  { artifacts, run }: Jars,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const pom = join(directory, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>counterpoise</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <dependencies>${artifacts.map(dependency).join('')}
  </dependencies>
</project>
`,
  );
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  const args = ['--batch-mode', '--quiet', '-f', pom, goal, `-DoutputDirectory=${join(directory, 'jars')}`];
  try {
    await promisify(execFile)('mvn', args, { env: environment, timeout: MAVEN_LIMIT_MS });
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(stdout?.trim().split('\n')[0] || reasonOf(error), { cause: error });
  }
  const script = join(directory, 'run');
  writeFileSync(script, `#!/bin/sh\nexec java -cp '${join(home, 'jars')}/*' ${run}\n`);
  chmodSync(script, 0o755);
}

/** Why a command cannot be used; undefined if it runs. */
export async function whyNot(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  try {
    await promisify(execFile)(command, args, { env: environment, timeout: RUN_LIMIT_MS });
    return undefined;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? `${command} is not on PATH` : `${command} does not run: ${reasonOf(error).trim()}`;
  }
}

function dependency(artifact: string): string {
  const [group, name, version] = artifact.split(':');
  return `
    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${name}</artifactId>
      <version>${version}</version>
    </dependency>`;
}
