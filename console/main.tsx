/** The entry of the console. */
import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './keyboard.ts';
import { followHistory } from './router.ts';

followHistory();
listenToKeys();
render(<App />, document.body);
