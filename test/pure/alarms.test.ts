// The alarms: each has a page of its own, a link to it, and tests of its rule; and each asks for metrics that there are. What the pages
// have an operator type can be typed: shells, the command line and Prometheus understand it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { createMetrics } from '../../process/metrics.ts';
import { runCounterpoise } from './run-counterpoise.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = 'observability/prometheus/rules.yml';
const RULES_TESTS = 'observability/prometheus/rules.test.yml';
const PAGES = 'docs/runbooks';
/** Which alarm comes first, and where the commands of the pages run. */
const INDEX = 'README';
/** More pages whose commands are typed when something is wrong. */
const OTHER_PAGES = ['docs/troubleshooting.md', 'docs/deploying.md', 'docs/restoring.md', `${PAGES}/${INDEX}.md`];
const HEADINGS = ['Meaning', 'Is money at risk?', 'Look first', 'Causes', 'Do', 'Over when'];
/** What Prometheus and Temporal's SDK have besides. */
const OF_OTHERS = ['up', 'temporal_worker_task_slots_available', 'temporal_worker_task_slots'];

/** Where the series that stay silent are beside those that fire, and only these are expected. */
const SILENT_BESIDE = ['WorkerSlotsUsedUp', 'PoolUsedUp'];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url: string };
}

const read = (file: string): string => readFileSync(ROOT + file, 'utf8');

/** As links name them. */
function headingsOf(file: string): Set<string> {
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((each) =>
      each
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
const { groups } = parse(read(RULES)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const names = rules.map(({ alert }) => alert);

async function metricNames(): Promise<Set<string>> {
  const declared = (await createMetrics().registry.getMetricsAsJSON()).flatMap(({ name }) => [
    name,
    `${name}_sum`,
    `${name}_count`,
  ]);
  return new Set([...declared, ...OF_OTHERS]);
}

/** What looks like a metric's name and is a label, a header of Kafka's messages, or a word of curl's. */
const NO_METRICS = ['worker_type', 'dlq_reason', 'http_code'];

function metricsIn(text: string): string[] {
  const found = text.match(/\b(counterpoise|http|events|worker|dlq|temporal|process)_[a-z_]+\b|^up\b/g) ?? [];
  return found.filter((name) => !NO_METRICS.includes(name));
}

describe('the alarms', () => {
  test('each has a page, and each page an alarm', () => {
    const pages = readdirSync(ROOT + PAGES).map((file) => file.replace(/\.md$/, ''));
    assert.deepEqual(pages.sort(), [INDEX, ...names].sort());
  });

  test('the list of pages has each once, with its severity', () => {
    const listed = [...read(`${PAGES}/${INDEX}.md`).matchAll(/^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|/gm)];
    for (const [, name, linked] of listed) assert.equal(linked, name);
    assert.deepEqual(
      listed.map(([, name, , severity]) => `${name}: ${severity}`).sort(),
      rules.map(({ alert, labels }) => `${alert}: ${labels.severity}`).sort(),
    );
  });

  for (const { alert, expr, labels, annotations } of rules)
    test(`${alert}: its link leads to its page, which says what to do`, async () => {
      assert.match(labels.severity, /^(page|ticket)$/);
      assert.equal(annotations.runbook_url, `{{ $externalLabels.runbooks }}/${alert}.md`);
      const page = read(`${PAGES}/${alert}.md`);
      assert.ok(page.startsWith(`# ${alert}\n`));
      assert.deepEqual(
        [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
        HEADINGS,
      );
      assert.match(page, /^```sh$/m);
      assert.match(page, /^```promql$/m);
      for (const [, linked, , heading] of page.matchAll(/\]\((\w+)\.md(#([\w-]+))?\)/g)) {
        assert.ok([INDEX, ...names].includes(linked!), linked);
        if (heading !== undefined) assert.ok(headingsOf(`${PAGES}/${linked}.md`).has(heading), heading);
      }
      const known = await metricNames();
      for (const name of metricsIn(expr)) assert.ok(known.has(name), name);
      // A page may name the beginning of some.
      for (const name of metricsIn(page))
        assert.ok(
          [...known].some((each) => each.startsWith(name)),
          name,
        );
    });

  test('the links lead to where the Prometheus of compose serves the pages, and the label is no label of an alarm', () => {
    const { global: all, alerting } = parse(read('observability/prometheus/prometheus.yml')) as {
      global: { external_labels: { runbooks: string } };
      alerting: { alert_relabel_configs: { action: string; regex: string }[] };
    };
    const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
      services: { prometheus: { command: string[]; volumes: string[]; ports: string[] } };
    };
    const { command, volumes, ports } = services.prometheus;
    const { host, pathname } = new URL(all.external_labels.runbooks);
    assert.ok(ports.includes(`127.0.0.1:${host.replace('localhost:', '')}:9090`), host);
    // Where Prometheus has what `--web.user-assets` names.
    assert.equal(pathname, '/user');
    const [, served] = command.find((each) => each.startsWith('--web.user-assets='))!.split('=');
    assert.ok(volumes.includes(`./${PAGES}:${served}:ro`));
    assert.deepEqual(alerting.alert_relabel_configs, [{ action: 'labeldrop', regex: 'runbooks' }]);
  });

  test('each is tested to fire and to stay silent', () => {
    const { tests } = parse(read(RULES_TESTS)) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const tested = tests.flatMap(({ alert_rule_test: each }) => each);
    for (const name of names) {
      const own = tested.filter(({ alertname }) => alertname === name);
      assert.ok(
        own.some(({ exp_alerts: expected }) => expected.length > 0),
        `${name} is not tested to fire`,
      );
      const isSilent = own.some(({ exp_alerts: expected }) => expected.length === 0) || SILENT_BESIDE.includes(name);
      assert.ok(isSilent, `${name} is not tested to stay silent`);
    }
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test('the tests of the rules pass', { skip: !promtool && 'promtool is not installed' }, () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', RULES_TESTS], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
});

describe('the commands of the pages', () => {
  const files = [...names.map((name) => `${PAGES}/${name}.md`), ...OTHER_PAGES];
  /** What a reader puts in place of `<case-id>` and `…`. */
  const filled = (command: string): string => command.replaceAll(/<[\w-]+>/g, 'some').replaceAll('…', 'some');

  for (const file of files)
    test(`${file}: a shell understands each`, () => {
      const text = read(file);
      const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, block]) => block!);
      const inLine = [...text.matchAll(/`((?:npx|npm|curl|docker|node|temporal) [^`]+)`/g)];
      for (const command of [...blocks, ...inLine.map(([, each]) => each!.replaceAll(String.raw`\|`, '|'))]) {
        const { status, stderr } = spawnSync('bash', ['-n'], { input: filled(command), encoding: 'utf8' });
        assert.equal(status, 0, `${command}\n${stderr}`);
      }
    });

  test('the command line has each of its commands, with its options', async () => {
    const typed = files.flatMap((file) =>
      [...read(file).matchAll(/npx counterpoise ([^`|\n]*)/g)].map(([, args]) => args!),
    );
    const used = new Map<string, Set<string>>();
    for (const each of typed) {
      const words = filled(each).split(/[;'"]/)[0]!.trim().split(/\s+/);
      const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word) || word === 'some');
      const command = words.slice(0, end < 0 ? undefined : end).join(' ');
      const options = used.get(command) ?? new Set();
      used.set(command, options);
      for (const [option] of each.matchAll(/--[a-z-]+/g)) options.add(option);
    }
    assert.ok(used.size > 15);
    for (const [command, options] of used) {
      const { code, stdout } = await runCounterpoise([...command.split(' '), '--help']);
      assert.equal(code, 0, command);
      assert.ok(stdout.startsWith(`Usage: counterpoise ${command}`), command);
      for (const option of options) assert.ok(stdout.includes(` ${option}`), `${command} ${option}`);
    }
  });
});
