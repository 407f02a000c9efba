/**
 * Bugs by which tenants are not kept apart, each as edits of a build. All money is where clients were told, and the books balance: only the
 * checks of tenants can see it.
 */
import type { PlantedBug } from './planted-bugs.ts';

export const PLANTED_TENANT_BUGS = {
  'credit-without-tenant': {
    what: 'a credit finds the wallet of any tenant',
    edits: [
      {
        file: 'db/wallet/functions/credit.sql',
        find: `kind = 'user' AND tenant = p_tenant FOR NO KEY UPDATE`,
        replace: `kind = 'user' FOR NO KEY UPDATE`,
      },
    ],
    faults: [],
    clientsAtOnce: 6,
    hasTenants: true,
    isSeenOnlyAs: /^(tenants|audit: I1): /,
  },
} satisfies Record<string, PlantedBug>;
