/** Where a person signs in, with a key or by the one-time link of a stack on this machine. The place in the address stays. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from './parts/problem.tsx';
import { farewell, signInWithKey, signInWithLink, takeLink } from './session.ts';

export function SignIn() {
  const [key, setKey] = useState('');
  const [error, setError] = useState<unknown>(undefined);
  const [isAsking, setIsAsking] = useState(false);

  const ask = async (signIn: () => Promise<void>): Promise<void> => {
    setIsAsking(true);
    setError(undefined);
    await signIn().catch(setError);
    setIsAsking(false);
  };
  useEffect(() => {
    const useLink = (): void => {
      const link = takeLink();
      if (link !== undefined) void ask(() => signInWithLink(link));
    };
    useLink();
    // The link may be opened where this page is already.
    addEventListener('hashchange', useLink);
    return () => removeEventListener('hashchange', useLink);
  }, []);

  return (
    <main class="sign-in">
      <h1>Counterpoise</h1>
      <p class="quiet">{farewell.value ?? 'The console: see where the money is, and settle what is stuck.'}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void ask(() => signInWithKey(key.trim()));
        }}
      >
        <label>
          <span>API key</span>
          <input
            name="key"
            type="password"
            required
            autocomplete="off"
            spellcheck={false}
            placeholder="cpk_…"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {error === undefined ? null : <Problem of={error} />}
        <button type="submit" disabled={isAsking}>
          {isAsking ? 'Asking …' : 'Sign in'}
        </button>
      </form>
      <p class="quiet">
        It is kept for this tab alone, until the tab is closed. On the machine of the stack, <code>npm start</code>{' '}
        prints a link that signs in once, and <code>npx counterpoise console</code> another.
      </p>
    </main>
  );
}
