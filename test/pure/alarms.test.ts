// The alarms: each has a page of its own, a link to it, and tests of its rule; and each asks for metrics that there are.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { createMetrics } from '../../process/metrics.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = 'observability/prometheus/rules.yml';
const RULES_TESTS = 'observability/prometheus/rules.test.yml';
const PAGES = 'docs/runbooks';
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
const { groups } = parse(read(RULES)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const names = rules.map(({ alert }) => alert);

async function metricNames(): Promise<Set<string>> {
  const declared = (await createMetrics().registry.getMetricsAsJSON()).flatMap(({ name }) => [name, `${name}_sum`]);
  return new Set([...declared, ...OF_OTHERS]);
}

/** What looks like a metric's name and is a label, or a word of curl's. */
const NO_METRICS = ['worker_type', 'http_code'];

function metricsIn(text: string): string[] {
  const found = text.match(/\b(counterpoise|http|events|worker|dlq|temporal|process)_[a-z_]+\b|^up\b/g) ?? [];
  return found.filter((name) => !NO_METRICS.includes(name));
}

describe('the alarms', () => {
  test('each has a page, and each page an alarm', () => {
    const pages = readdirSync(ROOT + PAGES).map((file) => file.replace(/\.md$/, ''));
    assert.deepEqual(pages.sort(), names.toSorted());
  });

  for (const { alert, expr, labels, annotations } of rules)
    test(`${alert}: its link leads to its page, which says what to do`, async () => {
      assert.match(labels.severity, /^(page|ticket)$/);
      assert.equal(annotations.runbook_url, `${PAGES}/${alert}.md`);
      const page = read(annotations.runbook_url);
      assert.ok(page.startsWith(`# ${alert}\n`));
      assert.deepEqual(
        [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
        HEADINGS,
      );
      assert.match(page, /^```sh$/m);
      for (const [, linked] of page.matchAll(/\]\((\w+)\.md\)/g)) assert.ok(names.includes(linked!), linked);
      const known = await metricNames();
      for (const name of metricsIn(expr)) assert.ok(known.has(name), name);
      // A page may name the beginning of some.
      for (const name of metricsIn(page))
        assert.ok(
          [...known].some((each) => each.startsWith(name)),
          name,
        );
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
