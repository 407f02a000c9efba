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

function describe(error: unknown): { title: string; code: string; requestId?: string | undefined } {
  if (!(error instanceof CounterpoiseError)) return { title: String(error), code: 'page_failed' };
  const { problem, code, message } = error;
  if (problem === undefined)
    return {
      title: code === 'unexpected_answer' ? message : 'The API does not answer. Nothing is known of what was asked.',
      code,
    };
  return { title: problem.detail ?? problem.title, code, requestId: problem.request_id };
}
