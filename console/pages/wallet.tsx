/** One wallet: its money now, over time, and line by line; what bounds it, and how to stop it. */
import type { Wallet } from '../../client/client.ts';
import { actionsOfWallet, lookAtWallet, seenOfWallet } from '../actions/wallet.ts';
import { Actions } from '../actions/actions.tsx';
import { useAnswer } from '../answer.ts';
import type { Parameters } from '../router.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { Problem } from '../parts/problem.tsx';
import { Statement } from '../parts/statement.tsx';
import { Status } from '../parts/status.tsx';
import { StepPlot } from '../parts/step-plot.tsx';
import { stepsOf } from '../format/balance-steps.ts';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';

const REFRESH_MS = 5_000;
/** As many as a page of the API has. */
const POINTS = 200;

export function WalletPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(
    `wallet/${id}`,
    async (client, signal) => {
      const [wallet, limits] = await Promise.all([
        client.wallets.get(id, { signal }),
        client.wallets.limits(id, { signal }),
      ]);
      return { wallet, limits };
    },
    { refreshMs: REFRESH_MS },
  );
  return (
    <Thing title="Wallet" id={id} answer={answer}>
      {({ wallet, limits }) => (
        <>
          <Summary of={wallet} />
          <Actions
            of={actionsOfWallet(wallet).map((action) => ({ ...action, look: lookAtWallet(id) }))}
            seen={seenOfWallet(wallet)}
            onDone={answer.reload}
          />
          <BalancePlot of={wallet} />
          <h2>Limits</h2>
          <Facts
            of={[
              ['one movement', <LimitOf key="" of={limits.max_amount} in={limits.currency} />],
              ['within 24 hours', <LimitOf key="" of={limits.outgoing_24h} in={limits.currency} />],
              ['of these used', <Amount key="" of={limits.outgoing_24h_used} in={limits.currency} names />],
            ]}
          />
          <Statement wallet={wallet} />
          <Json of={{ wallet, limits }} />
        </>
      )}
    </Thing>
  );
}

function Summary({ of: { balance, held, currency, user_id, status, created_at } }: { of: Wallet }) {
  return (
    <>
      <div class="summary">
        <span class="figure">
          <Amount of={balance} in={currency} names />
        </span>
        <Status of={status} />
        <span>{user_id}</span>
      </div>
      <Facts
        of={[
          ['can be spent', <Amount key="" of={balance} in={currency} names />],
          ['held', <Amount key="" of={held} in={currency} names />],
          ['opened', <Time key="" of={created_at} />],
        ]}
      />
    </>
  );
}

function LimitOf({ of, in: currency }: { of: string | null; in: string }) {
  return of === null ? <>no limit</> : <Amount of={of} in={currency} names />;
}

function BalancePlot({ of: { wallet_id, currency, updated_at } }: { of: Wallet }) {
  const { data: steps, error } = useAnswer(`plot/${wallet_id}/${updated_at}`, async (client, signal) => {
    const { data } = await client.wallets.entries(wallet_id, { limit: POINTS }, { signal });
    return stepsOf(data, currency);
  });
  if (error !== undefined) return <Problem of={error} />;
  return (
    <section class="panel" aria-label="Balance over time">
      <h2>Balance, over the last {steps === undefined ? '' : steps.data.length} entries</h2>
      {steps === undefined ? <div class="plot-place" /> : <StepPlot of={steps} />}
    </section>
  );
}
