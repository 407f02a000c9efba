/**
 * `npm run audit`: checks the invariants over all databases of a stack and its Temporal server, at rest or while it works,
 * and changes nothing. The stack is the one that runs on DATA_DIR, or the one that the settings name:
 * WALLET_ADMIN_DATABASE_URLS (or WALLET_DATABASE_URLS), TRANSFER_ADMIN_DATABASE_URL (or TRANSFER_DATABASE_URL),
 * EVENTS_ADMIN_DATABASE_URL (or EVENTS_DATABASE_URL), TEMPORAL_ADDRESS, and those of orders, if it has them: ORDER_, INVENTORY_,
 * DELIVERY_ and ACCOUNTING_ADMIN_DATABASE_URL (or without ADMIN_).
 * Exits 0 if all hold, 1 if one is broken, 2 if it was called wrongly, 3 if it could not look. `--json`: one object on the last line.
 */
import { auditAsJson, describeAudit } from '../audit/report.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { reasonOf } from '../dev/stack-error.ts';
import { readFlags } from './arguments.ts';
import { auditStack, findAuditTarget } from './audit-stack.ts';
import { exitCodeFor } from './exit.ts';

const isJson = process.argv.includes('--json');
try {
  readFlags({ json: { type: 'boolean' } }, 'Usage: npm run audit -- [--json]');
  const target = findAuditTarget(readSettings());
  if (!isJson) console.log(`Auditing ${target.name}\n`);
  const report = await auditStack(target);
  console.log(isJson ? JSON.stringify(auditAsJson(report)) : describeAudit(report));
  process.exitCode = report.ok ? EXIT.ok : EXIT.failed;
} catch (error) {
  const said = error instanceof Error && error.cause === undefined ? error.message : reasonOf(error);
  console.error(`The audit could not look: ${said}`);
  if (isJson) console.log(JSON.stringify({ ok: false, error: said }));
  process.exitCode = exitCodeFor(error, EXIT.unreachable);
}
