/**
 * What each tenant is answered: an id that one tenant was shown, without having named it, is never shown to another that has
 * not named it either. It knows of no kind of id, and so watches all that answers have. Pure but for the requests that it hands on.
 */
import type { ClientOptions } from '../client/client.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Violations } from './violations.ts';

export interface AnswerWatch {
  /** The requests of a tenant's clients. */
  readonly fetchOf: (tenant: Tenant) => NonNullable<ClientOptions['fetch']>;
  /** Takes note of what a tenant names in a request, which may be taken without an answer. */
  readonly ask: (tenant: Tenant, body: string) => void;
  /** Takes note of the answer. */
  readonly see: (tenant: Tenant, asked: { readonly url: string; readonly body: string }, answer: string) => void;
}

/** Nobody's: in the audit log, who has acted without a key. */
const NO_ID = '00000000-0000-0000-0000-000000000000';
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The routes whose answers tell of wallets, and of nothing that names those of others. */
const OF_WALLETS = /\/v1\/wallets(?:[/?]|$)/;

export function watchAnswers(violations: Violations): AnswerWatch {
  const shownTo = new Map<string, Tenant>();
  /** What a tenant has named in a body: its movements name it ever after. */
  const named = new Map<Tenant, Set<string>>();

  const namedBy = (tenant: Tenant): Set<string> => {
    const before = named.get(tenant) ?? new Set();
    named.set(tenant, before);
    return before;
  };
  const ask: AnswerWatch['ask'] = (tenant, body) => {
    for (const id of body.match(ID) ?? []) namedBy(tenant).add(id);
  };
  const see: AnswerWatch['see'] = (tenant, { url, body }, answer) => {
    const now = new Set([NO_ID, ...(body.match(ID) ?? []), ...(url.match(ID) ?? [])]);
    const isExcused = (id: string): boolean => now.has(id) || (!OF_WALLETS.test(url) && namedBy(tenant).has(id));
    for (const id of answer.match(ID) ?? []) {
      const owner = shownTo.get(id);
      if (owner === tenant || isExcused(id)) continue;
      if (owner === undefined) shownTo.set(id, tenant);
      else violations.report('tenants', id, `it was shown to ${owner}, and then to ${tenant}, which had not named it`);
    }
  };
  return {
    ask,
    see,
    fetchOf: (tenant) => async (url, init) => {
      const body = typeof init.body === 'string' ? init.body : '';
      ask(tenant, body);
      const response = await fetch(url, init);
      see(tenant, { url, body }, await response.clone().text());
      return response;
    },
  };
}
