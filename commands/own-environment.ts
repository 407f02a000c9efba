/** The environment for a stack of a command's own. */
import { inheritedEnvironment } from '../process/config.ts';

/** Without what names a stack's databases and Temporal server: a command's faults are not for those. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const isOfAnother = (name: string): boolean =>
    /_DATABASE_URLS?(_FILE)?$|^TEMPORAL_(ADDRESS|API_KEY|TLS_)|^WALLET_API_URL/.test(name);
  return Object.fromEntries(Object.entries(inheritedEnvironment()).filter(([name]) => !isOfAnother(name)));
}
