/** The frame around every page: where one can go, the box that finds anything, and the two switches. */
import { useEffect, useState } from 'preact/hooks';
import { Keys } from './keys.tsx';
import { isHelpShown, notice } from './keyboard.ts';
import { at, go, path, query } from './router.ts';
import { GROUPS } from './routes.tsx';
import { Screen } from './screen.tsx';
import { hasKey, isSignedIn, signOut } from './session.ts';
import { theme, THEMES, zone, ZONES } from './settings.ts';
import { SignIn } from './sign-in.tsx';

export function App() {
  if (!isSignedIn.value) return <SignIn />;
  return (
    <>
      <a class="skip" href="#main">
        To the page
      </a>
      <header class="top">
        <a class="brand" href={at('/')}>
          Counterpoise
        </a>
        <FindBox />
        <div class="switches">
          <Switch label="Times" value={zone.value} choices={ZONES} onChoose={(next) => (zone.value = next)} />
          <Switch label="Colors" value={theme.value} choices={THEMES} onChoose={(next) => (theme.value = next)} />
          <button type="button" class="plain" aria-label="Keys" onClick={() => (isHelpShown.value = true)}>
            ?
          </button>
          {hasKey.value ? (
            <button type="button" class="plain" onClick={signOut}>
              Sign out
            </button>
          ) : null}
        </div>
      </header>
      <Navigation />
      <main id="main" tabIndex={-1}>
        <Screen />
      </main>
      {isHelpShown.value ? <Keys /> : null}
      <div class="notice" role="status">
        {notice.value}
      </div>
    </>
  );
}

function Navigation() {
  const section = `/${path.value.split('/')[1] ?? ''}`;
  return (
    <nav class="main" aria-label="Pages of the console">
      {GROUPS.map(({ title, routes }) => (
        <section key={title} aria-label={title}>
          <h2>{title}</h2>
          <ul>
            {routes.map(({ pattern, name }) => (
              <li key={pattern}>
                <a href={at(pattern)} aria-current={pattern === section ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function FindBox() {
  const [text, setText] = useState('');
  const asked = path.value === '/find' ? (query.value.get('q') ?? '') : '';
  useEffect(() => setText(asked), [asked]);
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') go(at('/find', { q: text.trim() }));
      }}
    >
      <input
        id="find"
        name="q"
        type="search"
        aria-label="Find by any id, reference, key=value or user"
        placeholder="Find an id, a reference, key=value, a user"
        autocomplete="off"
        spellcheck={false}
        maxLength={600}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

interface SwitchProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly T[];
  readonly onChoose: (next: T) => void;
}

function Switch<T extends string>({ label, value, choices, onChoose }: SwitchProps<T>) {
  return (
    <label class="switch">
      <span class="unseen">{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  );
}
