/** The environment and the data directory of a stack that a command brings up for itself. */
import { join } from 'node:path';
import { inheritedEnvironment, readSettings } from '../process/config.ts';

/** Leaves out the variables that name a stack's databases, Temporal server and wallet API: a command's faults are not for those. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const isOfAnother = (name: string): boolean =>
    /_DATABASE_URLS?(_FILE)?$|^TEMPORAL_(ADDRESS|API_KEY|TLS_)|^WALLET_API_URL/.test(name);
  return Object.fromEntries(Object.entries(inheritedEnvironment()).filter(([name]) => !isOfAnother(name)));
}

/** The data directory of the command's own stack, within DATA_DIR and apart from the stack's that may run there. */
export function ownDataDirectory(command: 'demo' | 'demo-orders' | 'bench'): string {
  return join(readSettings().DATA_DIR, command);
}
