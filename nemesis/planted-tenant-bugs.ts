/**
 * Bugs by which tenants are not kept apart, each as edits of a build. All money is where clients were told, and the books balance: only what
 * asks whose everything is can see it.
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
  'reserve-without-tenant': {
    what: 'the goods of every order are reserved of the stock of the default tenant',
    edits: [
      {
        file: 'workflows/order/confirm.ts',
        find: `    { orderId, trace, lines, allowSplit, ...of },`,
        replace: `    { orderId, trace, lines, allowSplit },`,
      },
    ],
    faults: [],
    clientsAtOnce: 4,
    hasOrders: true,
    hasTenants: true,
  },
} satisfies Record<string, PlantedBug>;
