// The roles of the services of orders whose operations are fenced: each reads its tables, calls its operations, and writes nothing
// itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

const SERVICES = {
  delivery: {
    tables: ['carrier_events', 'shipments', 'step_fences'],
    operations: ['book', 'cancel_booking', 'hand_over', 'record_carrier_event'],
  },
  accounting: {
    tables: [
      'accounts',
      'credit_note_lines',
      'credit_notes',
      'document_numbers',
      'invoice_lines',
      'invoices',
      'journal_lines',
      'journals',
      'step_fences',
    ],
    operations: ['post_credit_note', 'post_invoice', 'post_refund', 'settle_due'],
  },
} as const;
const OF_EVERY_SERVICE = ['installation', 'outbox_events', 'outbox_seals'];
/** They change nothing; an audit with the service's role calls them. */
const OF_THE_AUDIT = ['event_digest', 'unfolded_events'];

for (const [service, { tables, operations }] of Object.entries(SERVICES) as [
  keyof typeof SERVICES,
  (typeof SERVICES)[keyof typeof SERVICES],
][]) {
  describe(`the role of the ${service} service`, () => {
    let cluster: TestCluster;
    let store: TestDatabase;
    before(async () => {
      cluster = await startCluster();
      store = await cluster.createOrderStore(service);
    });
    after(() => cluster?.stop());

    const isRefused = async (statement: string): Promise<void> => {
      await assert.rejects(
        rowsOf(store.service, statement),
        (error: Error) => (error.cause as { code?: string } | undefined)?.code === '42501',
        `${statement} is not refused`,
      );
    };

    test('reads its tables and writes none of them', async () => {
      const readable = await rowsOf<{ name: string }>(
        store.admin,
        `SELECT relname AS name FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
           AND has_table_privilege('${service}_service', oid, 'SELECT') ORDER BY 1`,
      );
      assert.deepEqual(
        readable.map(({ name }) => name),
        [...OF_EVERY_SERVICE, ...tables].sort(),
      );
      for (const table of tables) {
        for (const write of [`INSERT INTO ${table} DEFAULT VALUES`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
          await isRefused(write);
        const columns = await rowsOf<{ name: string }>(
          store.admin,
          `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}'`,
        );
        for (const { name } of columns) await isRefused(`UPDATE ${table} SET ${name} = DEFAULT`);
      }
    });

    test('calls its operations, which run as their owner, and nothing that they are made of', async () => {
      const functions = await rowsOf<{ name: string; allowed: boolean; definer: boolean; settings: string[] | null }>(
        store.admin,
        `SELECT proname AS name, has_function_privilege('${service}_service', oid, 'EXECUTE') AS allowed, prosecdef AS definer,
           proconfig AS settings
         FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
      );
      const allowed = functions.filter((each) => each.allowed).map(({ name }) => name);
      assert.deepEqual(allowed, [...operations, ...OF_THE_AUDIT].sort());
      for (const { name, definer, settings } of functions) {
        if (OF_THE_AUDIT.includes(name) || name === 'truncate_relayed_outbox') continue;
        assert.equal(definer, allowed.includes(name), `${name} runs as its owner exactly if the service may call it`);
        if (definer) assert.ok(settings?.includes('search_path=public, pg_temp'), `${name} trusts no search path`);
      }
      await isRefused(`SELECT claim_step(gen_random_uuid(), 'step', 'done', NULL, NULL)`);
    });
  });
}
