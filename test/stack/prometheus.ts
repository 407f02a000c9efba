// A real Prometheus that scrapes a stack with the project's rules.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { until } from './stack.ts';

const RULES = fileURLToPath(new URL('../../observability/prometheus/rules.yml', import.meta.url));
/** Where the links of alarms lead. */
export const RUNBOOKS = 'https://runbooks.example';
const START_LIMIT_MS = 120_000;

/** Why it cannot be had, for a test to be skipped. */
export const lacksPrometheus =
  spawnSync('prometheus', ['--version']).status === 0 ? false : 'prometheus is not installed';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

export interface RunningPrometheus {
  /** The answer to a path of its API; throws with its message unless it succeeds. */
  readonly ask: <Data>(path: string, query?: Readonly<Record<string, string>>) => Promise<Data>;
  /** What an instant query returns. */
  readonly query: (expr: string) => Promise<Sample[]>;
  readonly stop: () => Promise<void>;
}

/** `quick` shortens what the rules wait for, as a test that waits for alarms needs it: text to text. */
export async function startPrometheus(
  targets: Readonly<Record<string, string>>,
  quick: (rules: string) => string = (rules) => rules,
): Promise<RunningPrometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-prometheus-'));
  const processes = Object.entries(targets).map(([name, url]) => ({
    targets: [new URL(url).host],
    labels: { process: name },
  }));
  writeFileSync(join(directory, 'rules.yml'), quick(readFileSync(RULES, 'utf8')));
  const configuration = join(directory, 'prometheus.yml');
  writeFileSync(
    configuration,
    // JSON is YAML.
    JSON.stringify({
      global: {
        scrape_interval: '3s',
        scrape_timeout: '3s',
        evaluation_interval: '1s',
        external_labels: { runbooks: RUNBOOKS },
      },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'counterpoise', static_configs: processes }],
    }),
  );
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  const ask = async <Data>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Data> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query).toString()}`, {
      signal: AbortSignal.timeout(10_000),
    });
    const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string };
    if (status !== 'success') throw new Error(`${query['query'] ?? path}: ${error}`);
    return data;
  };
  try {
    await until(START_LIMIT_MS, 'Prometheus does not start', async () => {
      if (child.exitCode !== null) throw new Error(said);
      return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    });
  } catch (error) {
    await stop();
    throw new Error(`Prometheus has not started: ${said}`, { cause: error });
  }
  return {
    ask,
    query: async (expr) => (await ask<{ result: Sample[] }>('query', { query: expr })).result,
    stop,
  };
}
