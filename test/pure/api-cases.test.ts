// What the API decides by itself about cases and runs of the reconciliation.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SUBJECT_KINDS } from '../../domain/transfer/reconciliation.ts';
import { testApp, type Problem } from './api-fakes.ts';

const CASE = '7d1f0c2e-94ab-4c65-8e21-3a5b6c7d8e9f';

describe('cases and runs of the reconciliation', () => {
  const { app } = testApp();
  const ask = async (path: string, init: RequestInit = {}): Promise<Problem> => {
    const response = await app.request(path, init);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    return (await response.json()) as Problem;
  };
  const resolve = (body: unknown, headers: Record<string, string> = { 'x-actor': 'alice' }) =>
    ask(`/v1/cases/${CASE}/resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  test('a path, a filter or a page that is wrong is refused with its code before anything is asked', async () => {
    const cases: [path: string, code: string][] = [
      ['/v1/cases/x', 'case_id_invalid'],
      ['/v1/cases?status=CLOSED', 'status_invalid'],
      ['/v1/cases?limit=0', 'limit_invalid'],
      ['/v1/cases?cursor=x', 'cursor_invalid'],
      ['/v1/cases?subject=x', 'unknown_parameter'],
      ['/v1/reconciliation-runs/x', 'run_id_invalid'],
      ['/v1/reconciliation-runs?limit=201', 'limit_invalid'],
      ['/v1/reconciliation-runs?cursor=W10', 'cursor_invalid'],
    ];
    for (const [path, code] of cases) {
      const problem = await ask(path);
      assert.deepEqual([problem.status, problem.code], [422, code], path);
    }
  });

  test('whoever resolves a case says what and why, and for whom if need be', async () => {
    const whole = { action: 'close', comment: 'Seen.' };
    const cases: [body: unknown, headers: Record<string, string>, code: string][] = [
      [whole, { 'x-actor': 'a'.repeat(256) }, 'actor_invalid'],
      [{ ...whole, action: 'write_off' }, { 'x-actor': 'alice' }, 'action_invalid'],
      [{ action: 'close' }, { 'x-actor': 'alice' }, 'field_missing'],
      [{ ...whole, comment: '' }, { 'x-actor': 'alice' }, 'too_short'],
      [{ ...whole, force: true }, { 'x-actor': 'alice' }, 'unknown_field'],
      ['close', { 'x-actor': 'alice' }, 'body_invalid'],
    ];
    for (const [body, headers, code] of cases) {
      const problem = await resolve(body, headers);
      assert.deepEqual([problem.status, problem.code], [422, code], JSON.stringify(body));
    }
  });

  test('a run is not accepted while Temporal is known to be down', async () => {
    const down = testApp({
      acceptance: { client: {} as never, monitor: { isDown: () => true, suspect() {}, stop() {} } } as never,
    });
    const response = await down.app.request('/v1/reconciliation-runs', { method: 'POST' });
    const { code } = (await response.json()) as Problem;
    assert.deepEqual([response.status, code, response.headers.get('retry-after')], [503, 'temporal_unavailable', '1']);
  });

  test('the document has their operations, each with an example of its answer, and all that a case can be about', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, object>;
      components: {
        schemas: Record<string, { properties: Record<string, { example?: unknown; description?: string }> }>;
      };
    };
    for (const path of ['/v1/cases', '/v1/cases/{case_id}', '/v1/cases/{case_id}/resolve', '/v1/reconciliation-runs'])
      assert.ok(document.paths[path], path);
    const { reason, subject } = document.components.schemas['Case']!.properties;
    assert.equal(reason?.example, 'workflow_missing');
    for (const kind of SUBJECT_KINDS) assert.ok(subject?.description?.includes(`\`${kind}/`), `subjects lack ${kind}`);
    assert.equal(document.components.schemas['ReconciliationRun']?.properties['status']?.example, 'REPAIRED');
    assert.ok(!Object.keys(document.paths).some((path) => path.startsWith('/internal')));
  });
});
