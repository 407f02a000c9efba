// The dashboards, and what compose starts to watch a stack with. That every query finds something is in
// test/stack/observability.test.ts; the containers cannot be started here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { render } from '../../observability/grafana/dashboard.ts';
import { DASHBOARDS, fileOf } from '../../observability/grafana/dashboards.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GRAFANA = 'observability/grafana/';
const PROMETHEUS = 'observability/prometheus/';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

function read<Content>(file: string): Content {
  return parse(readFileSync(ROOT + file, 'utf8'), { merge: true }) as Content;
}

const { services, volumes } = read<{ services: Record<string, Service>; volumes: object }>('docker-compose.yml');
const watching = Object.entries(services).filter(([, { profiles }]) => profiles?.includes('observability'));

describe('the dashboards', () => {
  test('their files are as the code says: npm run generate:dashboards', () => {
    for (const each of DASHBOARDS)
      assert.ok(readFileSync(fileOf(each), 'utf8') === render(each), `${each.uid} is stale`);
    const files = readdirSync(`${ROOT}${GRAFANA}dashboards`).sort();
    assert.deepEqual(files, DASHBOARDS.map(({ uid }) => `${uid}.json`).sort());
  });

  test('no panel lies over another or beyond the edge, and those that name a page name one that is there', () => {
    for (const dashboard of DASHBOARDS) {
      const { panels } = JSON.parse(render(dashboard)) as {
        panels: { title: string; description?: string; gridPos: { x: number; y: number; w: number; h: number } }[];
      };
      const taken = new Set<string>();
      for (const { title, description, gridPos } of panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.ok(x < 24 && !taken.has(`${x},${y}`), `${dashboard.title}, ${title}`);
            taken.add(`${x},${y}`);
          }
        for (const [page] of description?.matchAll(/docs\/runbooks\/\w+\.md/g) ?? [])
          assert.ok(existsSync(ROOT + page), page);
      }
    }
  });
});

describe('what compose watches a stack with', () => {
  test('listens on loopback alone, and mounts what is there', () => {
    assert.deepEqual(watching.map(([name]) => name).sort(), ['alertmanager', 'grafana', 'jaeger', 'prometheus']);
    for (const [name, { image, ports = [], volumes: mounts = [] }] of watching) {
      assert.match(image, /:v?\d+\.\d+\.\d+$/, `${name} has a version`);
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
      for (const [from] of mounts.map((mount) => mount.split(':')))
        assert.ok(from!.startsWith('./') ? existsSync(ROOT + from) : from! in volumes, from);
    }
  });

  test('Prometheus scrapes each service that counts', () => {
    const { scrape_configs: scrapes } = read<{
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    }>(`${PROMETHEUS}prometheus.yml`);
    const targets = scrapes.flatMap((scrape) => scrape.static_configs.flatMap((each) => each.targets));
    const counting = Object.entries(services).flatMap(([name, { environment }]) =>
      environment?.['METRICS_PORT'] === undefined ? [] : [`${name}:${environment['METRICS_PORT']}`],
    );
    assert.deepEqual(targets.toSorted(), counting.sort());
  });

  test('each service traces once the address is given, and Grafana has the sources that the dashboards name', () => {
    for (const [name, { environment }] of Object.entries(services))
      if (environment?.['METRICS_PORT'] !== undefined)
        assert.equal(environment['OTEL_EXPORTER_OTLP_ENDPOINT'], '${OTEL_EXPORTER_OTLP_ENDPOINT:-}', name);
    const { datasources } = read<{ datasources: { uid: string; url: string }[] }>(
      `${GRAFANA}provisioning/datasources/sources.yml`,
    );
    for (const { url } of datasources) assert.ok(new URL(url).hostname in services, url);
    const uids = new Set(datasources.map(({ uid }) => uid));
    for (const each of DASHBOARDS)
      for (const [, uid] of render(each).matchAll(/"type": "prometheus",\s+"uid": "(.*)"/g))
        assert.ok(uids.has(uid!), uid);
    const { providers } = read<{ providers: { options: { path: string } }[] }>(
      `${GRAFANA}provisioning/dashboards/files.yml`,
    );
    const mounts = services['grafana']!.volumes!.map((mount) => mount.split(':')[1]);
    for (const { options } of providers) assert.ok(mounts.includes(options.path));
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test('promtool takes the configuration', { skip: !promtool && 'promtool is not installed' }, () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', `${PROMETHEUS}prometheus.yml`], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
});
