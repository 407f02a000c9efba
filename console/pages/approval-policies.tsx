/** The policies that say which transfers wait for a second person; each can be set anew or ended. */
import { useState } from 'preact/hooks';
import type { ApprovalPolicy } from '../../client/client.ts';
import { Decide } from '../actions/decide.tsx';
import { endingOf, seenOfPolicy, settingOf, type Terms } from '../actions/policy.ts';
import type { Action } from '../actions/action.ts';
import { useAnswer } from '../answer.ts';
import { ApprovalKinds } from '../approval/kinds.tsx';
import { PolicyForm } from '../approval/policy-form.tsx';
import { formatDuration } from '../format/time.ts';
import { Amount } from '../parts/amount.tsx';
import { Problem } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';

export function ApprovalPolicies() {
  const { data, error, isLoading, reload } = useAnswer('policies', (client, signal) =>
    client.approvalPolicies.list({ signal }),
  );
  const [deciding, setDeciding] = useState<{ action: Action; about: ApprovalPolicy | undefined } | undefined>(
    undefined,
  );
  const policies = data?.data ?? [];
  const set = (currency: string, terms: Terms): void => {
    const about = policies.find((each) => each.currency === currency);
    setDeciding({ action: settingOf(currency, terms, about), about });
  };
  return (
    <>
      <header class="title">
        <h1>Policies</h1>
        <ApprovalKinds shown="policies" />
      </header>
      {error === undefined ? null : <Problem of={error} reload={reload} />}
      {data === undefined ? (
        isLoading && <p class="loading">Loading …</p>
      ) : policies.length === 0 ? (
        <p class="empty">No transfer needs a second person, whatever its amount.</p>
      ) : (
        <Policies of={policies} onEnd={(about) => setDeciding({ action: endingOf(about), about })} />
      )}
      <h2>Set one</h2>
      <p>
        A transfer above one of these amounts waits until so many other people have approved it. The sum of 24 hours is
        what one wallet sends without an approval. In place of a policy that holds, it waits itself until as many other
        people have approved it as that one demands.
      </p>
      <PolicyForm onSet={set} />
      {deciding === undefined ? null : (
        <Decide
          action={deciding.action}
          seen={seenOfPolicy(deciding.about)}
          onClose={(isDone) => {
            setDeciding(undefined);
            if (isDone) reload();
          }}
        />
      )}
    </>
  );
}

function Policies({ of, onEnd }: { of: readonly ApprovalPolicy[]; onEnd: (policy: ApprovalPolicy) => void }) {
  const bound = (amount: string | null, currency: string) =>
    amount === null ? <span class="none">–</span> : <Amount of={amount} in={currency} />;
  return (
    <Table
      caption="Policies"
      rows={of}
      idOf={({ currency }) => currency}
      columns={[
        { name: 'currency', of: ({ currency }: ApprovalPolicy) => currency },
        { name: 'above', isNumber: true, of: ({ above, currency }) => bound(above, currency) },
        { name: 'above in 24 h', isNumber: true, of: ({ above_24h, currency }) => bound(above_24h, currency) },
        { name: 'approvals', isNumber: true, of: ({ approvals }) => approvals },
        { name: 'waits for', isNumber: true, of: ({ expires_in }) => formatDuration(expires_in * 1_000) },
        { name: 'version', isNumber: true, of: ({ version }) => version },
        { name: 'set by', of: ({ set_by }) => set_by },
        { name: 'since', of: ({ created_at }) => <Time of={created_at} /> },
        {
          name: '',
          of: (policy) => (
            <button
              type="button"
              class="plain"
              aria-label={`End the policy of ${policy.currency}`}
              onClick={() => onEnd(policy)}
            >
              End
            </button>
          ),
        },
      ]}
    />
  );
}
