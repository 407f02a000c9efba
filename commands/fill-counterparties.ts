/**
 * `npm run fill-counterparties`: fills in the other wallet of each leg whose fence was decided before fences kept it. It is run
 * once, after the deploy of the version whose fences do. A repeat goes over all of them again, and changes nothing. The stack is
 * the one that runs on DATA_DIR, or the one that the settings name for an administrator (WALLET_ADMIN_DATABASE_URLS,
 * TRANSFER_ADMIN_DATABASE_URL).
 */
import { readSettings } from '../process/config.ts';
import { fillCounterparties } from '../db/fill-counterparties.ts';
import { reasonOf } from '../dev/stack-error.ts';
import { readFlags } from './arguments.ts';
import { findAuditTarget } from './audit-stack.ts';
import { exitCodeFor } from './exit.ts';

const NAMED_MAX = 20;
const USAGE = `Usage: npm run fill-counterparties
Records the other wallet in fences that versions before this one have written. Run it once, after an upgrade.`;

try {
  readFlags({}, USAGE);
  const { walletUrls, transferUrl, name } = findAuditTarget(readSettings());
  console.log(`Filling in the counterparties of ${name}`);
  for (const [shard, walletUrl] of walletUrls.entries()) {
    const { filled, left } = await fillCounterparties({ transferUrl, walletUrl });
    console.log(`wallet shard ${shard} of ${walletUrls.length}: ${filled} legs filled in`);
    if (left.length === 0) continue;
    const more = left.length > NAMED_MAX ? `, and ${left.length - NAMED_MAX} more` : '';
    console.log(
      `! of ${left.length} transfers a leg is left without, their row being gone or of other terms: ${left.slice(0, NAMED_MAX).join(', ')}${more}`,
    );
  }
} catch (error) {
  console.error(
    `fill-counterparties: ${error instanceof Error && error.cause === undefined ? error.message : reasonOf(error)}`,
  );
  process.exit(exitCodeFor(error));
}
