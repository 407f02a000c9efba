/**
 * What a page asks of the API: loading, there, or failed. What was there stays while it is asked for again, so that nothing flickers,
 * and a page that is left asks no further.
 */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Client } from '../client/client.ts';
import { client, noticeRefusal } from './session.ts';

export interface Answer<T> {
  /** Undefined until the first answer. */
  readonly data: T | undefined;
  /** Of the last try; what was there before may be shown beside it. */
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Asks again now. */
  readonly reload: () => void;
}

interface Options<T> {
  /** Asks again after so long, as long as the page is seen and `isOver` does not say that nothing will change any more. */
  readonly refreshMs?: number;
  readonly isOver?: (data: T) => boolean;
}

/** `of` names what is asked for: another one is asked for anew, and the former answer is not shown for it. */
export function useAnswer<T>(
  of: string,
  ask: (client: Client, signal: AbortSignal) => Promise<T>,
  { refreshMs, isOver = () => false }: Options<T> = {},
): Answer<T> {
  const [state, setState] = useState<{ of: string; data?: T; error?: unknown; isLoading: boolean }>({
    of,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const asking = client.value;

  useEffect(() => {
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => {
      timer = setTimeout(() => (document.hidden ? again() : void load()), refreshMs);
    };
    const load = async (): Promise<void> => {
      setState((before) => (before.of === of ? { ...before, isLoading: true } : { of, isLoading: true }));
      try {
        const data = await ask(asking, leaving.signal);
        if (leaving.signal.aborted) return;
        setState({ of, data, isLoading: false });
        if (refreshMs !== undefined && !isOver(data)) again();
      } catch (error) {
        if (leaving.signal.aborted) return;
        noticeRefusal(error);
        setState((before) => ({ ...before, of, error, isLoading: false }));
        if (refreshMs !== undefined) again();
      }
    };
    void load();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
    // `ask` and `isOver` are made anew with each rendering, and mean the same as long as `of` does.
  }, [of, round, asking, refreshMs]);

  const isOf = state.of === of;
  return {
    data: isOf ? state.data : undefined,
    error: isOf ? state.error : undefined,
    isLoading: !isOf || state.isLoading,
    reload,
  };
}
