// The list of the audit log reads as much of many entries as of few, whatever is filtered by.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { testApp } from '../pure/api-fakes.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { explaining, nodesOf, type PlanNode } from './plans.ts';

const SIZES = [10_000, 100_000] as const;
/** Each index is a level or so deeper. */
const BUFFERS_FREE = 30;
const PRINCIPAL = '00000000-0000-4000-8000-000000000007';

describe('the plans of the list of audit events', () => {
  let cluster: TestCluster;
  let apps: readonly { readonly app: ReturnType<typeof testApp>['app']; readonly plans: PlanNode[] }[];

  before(async () => {
    cluster = await startCluster();
    apps = await Promise.all(
      SIZES.map(async (size) => {
        const { events } = await cluster.createStores({ shards: 1 });
        await rowsOf(
          events.admin,
          `INSERT INTO audit_log (audit_event_id, position, tenant, created_at, source, action, object, principal_id, principal, api_key_id)
           SELECT md5(n::text)::uuid, n, 'default', '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 s', 'access',
             CASE n % 10 WHEN 0 THEN 'wallet-suspended' ELSE 'key-created' END, 'object-' || n % 100,
             CASE n % 20 WHEN 0 THEN '${PRINCIPAL}' ELSE md5(n::text)::uuid::text END, 'alice', ''
           FROM generate_series(1, ${size}) n`,
        );
        await rowsOf(events.admin, 'ANALYZE audit_log');
        const plans: PlanNode[] = [];
        return { app: testApp({ eventsDatabase: explaining(events.service, plans) }).app, plans };
      }),
    );
  });
  after(() => cluster?.stop());

  for (const query of [
    '',
    'object=object-3',
    `principal_id=${PRINCIPAL}`,
    'action=wallet-suspended',
    'created_before=2026-01-01T01:00:00Z',
    `created_after=2026-01-01T00:30:00Z&created_before=2026-01-01T01:00:00Z&principal_id=${PRINCIPAL}`,
  ])
    test(`${query === '' ? 'all' : query}: by an index, and as much of many as of few`, async () => {
      const buffers: number[] = [];
      for (const { app, plans } of apps) {
        plans.length = 0;
        const response = await app.request(`/v1/audit-events?limit=20&${query}`);
        const { data } = (await response.json()) as { data: unknown[] };
        assert.equal(data.length, 20);
        buffers.push(plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0));
        for (const node of plans.flatMap(nodesOf)) assert.notEqual(node['Node Type'], 'Seq Scan', JSON.stringify(node));
      }
      const [few, many] = buffers as [number, number];
      assert.ok(many <= few * 1.5 + BUFFERS_FREE, `${few} buffers of few, ${many} of many`);
    });
});
