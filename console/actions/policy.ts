/** Setting and ending the policies that say which transfers wait for a second person. */
import type { ApprovalPolicy, BodyOf, Client } from '../../client/client.ts';
import { personsOf, policyInWords } from '../format/policy-words.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export type Terms = Omit<BodyOf<'setApprovalPolicy'>, 'version'>;

export function seenOfPolicy(policy: ApprovalPolicy | undefined): Seen {
  return policy === undefined
    ? { policy: 'none' }
    : { policy: policyInWords(policy), version: String(policy.version), 'set by': policy.set_by };
}

export function settingOf(currency: string, terms: Terms, present: ApprovalPolicy | undefined): Action {
  let seen = present;
  return actionOf(
    'setApprovalPolicy',
    () => ({ path: { currency }, body: { ...terms, version: seen?.version ?? 0 } }),
    {
      title: `Set the policy of ${currency}`,
      effect: `${present === undefined ? 'From the answer on' : waitsFor(present)}: ${policyInWords({
        currency,
        above: terms.above ?? null,
        above_24h: terms.above_24h ?? null,
        approvals: terms.approvals ?? 1,
        expires_in: terms.expires_in ?? 0,
      })} No money moves by this. What waits already needs what this policy demands, and votes so far count no more.`,
      look: async (client, signal) => seenOfPolicy((seen = await presentOf(client, currency, signal))),
    },
  );
}

export function endingOf(present: ApprovalPolicy): Action {
  const { currency } = present;
  let seen: ApprovalPolicy | undefined = present;
  return actionOf('endApprovalPolicy', () => ({ path: { currency }, body: { version: seen?.version ?? 0 } }), {
    title: `End the policy of ${currency}`,
    effect: `${waitsFor(present)}: no transfer in ${currency} needs a second person any more, whatever its amount. What waits for votes then goes on waiting.`,
    look: async (client, signal) => seenOfPolicy((seen = await presentOf(client, currency, signal))),
  });
}

/** A change waits as what the policy is about does. */
function waitsFor({ approvals }: ApprovalPolicy): string {
  return `Nothing changes yet: ${personsOf(approvals)} other than you ${approvals === 1 ? 'has' : 'have'} to approve it first, under what waits. From then on`;
}

async function presentOf(client: Client, currency: string, signal?: AbortSignal): Promise<ApprovalPolicy | undefined> {
  const { data } = await client.approvalPolicies.list(signal ? { signal } : {});
  return data.find((policy) => policy.currency === currency);
}
