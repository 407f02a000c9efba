/** The calls about approvals, and about the policies that demand them. */
import type { BodyOf, Calls } from './call.ts';
import type { CallOptions } from './transport.ts';

export function approvalCalls({ call, listing }: Calls) {
  const at = (approval_id: string) => ({ path: { approval_id } });
  return {
    /** The id of an approval is that of its transfer; a decision or a change of a policy has one of its own. */
    get: (id: string, callOptions?: CallOptions) => call('getApproval', at(id), callOptions),
    ...listing('listApprovals'),
    /** With the last vote that is needed the transfer begins, or the change is made. Take `body_hash` and `policy_version` from what you have looked at. */
    approve: (id: string, body: BodyOf<'approveTransfer'>, callOptions?: CallOptions) =>
      call('approveTransfer', { ...at(id), body }, callOptions),
    /** The transfer ends CANCELED, and nothing moves. */
    reject: (id: string, body: BodyOf<'rejectTransfer'>, callOptions?: CallOptions) =>
      call('rejectTransfer', { ...at(id), body }, callOptions),
    /** In an emergency: the transfer begins without the votes. It raises an alarm. */
    override: (id: string, body: BodyOf<'overrideApproval'>, callOptions?: CallOptions) =>
      call('overrideApproval', { ...at(id), body }, callOptions),
  };
}

export function approvalPolicyCalls({ call }: Calls) {
  return {
    /** Those that hold, by currency. */
    list: (callOptions?: CallOptions) => call('listApprovalPolicies', {}, callOptions),
    /** Returns the policy, if it is the first of the currency; otherwise the approval that the change waits for, which has an `approval_id`. */
    set: (currency: string, body: BodyOf<'setApprovalPolicy'>, callOptions?: CallOptions) =>
      call('setApprovalPolicy', { path: { currency }, body }, callOptions),
    /** Returns the approval that the end waits for. */
    end: (currency: string, body: BodyOf<'endApprovalPolicy'>, callOptions?: CallOptions) =>
      call('endApprovalPolicy', { path: { currency }, body }, callOptions),
  };
}
