/** What went wrong, in the words of the API, with its code and the request's id, which the logs have. */
import { CounterpoiseError } from '../../client/client.ts';

export function Problem({ of, reload }: { of: unknown; reload?: () => void }) {
  const { title, code, requestId } = describe(of);
  return (
    <div class="problem" role="alert">
      <p>{title}</p>
      <p class="quiet">
        {code}
        {requestId === undefined ? null : <> · request {requestId}</>}
      </p>
      {reload === undefined ? null : (
        <button type="button" onClick={reload}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What a person needs to know of a refusal more than a program does. */
const WORDS: Readonly<Record<string, string>> = {
  not_authenticated: 'This key is not accepted: mistyped, revoked, expired, or not for this address.',
  own_request:
    'You have asked for this yourself, or one principal has made keys of both you and whoever has. Somebody else has to approve it.',
  vote_not_granted:
    'You got the right to vote while there was a policy already, so others have to approve that first. It is among what waits.',
  approval_voted:
    'You have voted otherwise before, or somebody has voted whose keys were made by the same principal as yours. A vote stays.',
  approval_policy_changed:
    'The policy was changed meanwhile, and earlier votes count no more. Try again to see what it demands now.',
  policy_change_waiting:
    'Another change of this policy waits for a second person already. It is among what waits: somebody has to decide it first, or reject it.',
  approval_ended: 'It does not wait any more. Nothing was done.',
};

function describe(error: unknown): { title: string; code: string; requestId?: string | undefined } {
  if (!(error instanceof CounterpoiseError)) return { title: String(error), code: 'page_failed' };
  const { problem, code, message } = error;
  if (problem === undefined)
    return {
      title: code === 'unexpected_answer' ? message : 'The API does not answer. Nothing is known of what was asked.',
      code,
    };
  return { title: WORDS[code] ?? problem.detail ?? problem.title, code, requestId: problem.request_id };
}
