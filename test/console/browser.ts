// A real browser for tests of the console. Each page is watched: what it says to its console, what its security policy reports, and
// which addresses it asks are kept, and a test ends with none of them out of order.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { until } from '../stack/stack.ts';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Where distributions and vendors put it. */
const EXECUTABLES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LIMIT_MS = 60_000;
const LOADED_LIMIT_MS = 120_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const executablePath = EXECUTABLES.find((path) => existsSync(path));

/** Why it cannot be had, for a test to be skipped. */
export const lacksBrowser = executablePath === undefined && 'Chromium is not installed';

export async function launchBrowser(): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error(`There is none of ${EXECUTABLES.join(', ')}: apt-get install chromium`);
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface WatchedPage {
  readonly page: Page;
  /** Throws if the page has said an error, broken its policy, or asked another origin. */
  readonly assertQuiet: () => void;
  /** Forgets what was said so far, where a test makes the API fail. */
  readonly forgive: () => void;
}

export interface Looks {
  readonly colors?: 'light' | 'dark';
  readonly width?: number;
}

export async function openPage(
  browser: Browser,
  origin: string,
  { colors = 'light', width = 1280 }: Looks = {},
): Promise<WatchedPage & { context: BrowserContext }> {
  const context = await browser.newContext({
    viewport: { width, height: 860 },
    colorScheme: colors,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(LIMIT_MS);
  const page = await context.newPage();
  const said: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => said.push(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'blob:') said.push(`asked another origin: ${url.origin}`);
  });
  // As text: the tests are checked without the names of a browser.
  await context.addInitScript(
    `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error('policy: ' + violatedDirective + ' ' + blockedURI));`,
  );
  return {
    context,
    page,
    assertQuiet: () => assert.deepEqual(said, []),
    forgive: () => void said.splice(0),
  };
}

/** Signs in whoever opens the context's pages from now on, as if by this key, or by a link of this principal. */
export async function signIn(context: BrowserContext, key: string | undefined, principalId?: string): Promise<void> {
  await context.addInitScript(
    (session) => sessionStorage.setItem('counterpoise-session', session),
    JSON.stringify({ key, principalId }),
  );
}

/** A page of the console, loaded, of somebody who has signed in by this key. */
export async function openSignedIn(
  browser: Browser,
  origin: string,
  key: string | undefined,
  { path, principalId, ...looks }: Looks & { readonly path: string; readonly principalId?: string },
): Promise<WatchedPage & { close: () => Promise<void> }> {
  const { context, ...opened } = await openPage(browser, origin, looks);
  await signIn(context, key, principalId);
  await opened.page.goto(`${origin}/console${path}`);
  await untilLoaded(opened.page);
  return { ...opened, close: () => context.close() };
}

/** Returns once the page has its heading, and nothing of it loads. */
export async function untilLoaded(page: Page): Promise<void> {
  // Not by waitForFunction, which evaluates a string in the page, and that the page's policy forbids.
  await until(LOADED_LIMIT_MS, `${page.url()} does not load`, async () => {
    return (await page.locator('main h1').count()) > 0 && (await page.locator('main .loading').count()) === 0;
  });
}

/** Returns once no alert is shown but `allowed`: on a busy machine a source may not have answered in time, and the page says so. */
export async function untilWithoutAlert(page: Page, allowed?: string): Promise<void> {
  const alerts = page.getByRole('alert').filter(allowed === undefined ? {} : { hasNotText: allowed });
  await until(LOADED_LIMIT_MS, `${page.url()} shows an alert`, async () => {
    if ((await alerts.count()) === 0) return true;
    await page.reload();
    await untilLoaded(page);
    return false;
  });
}

interface Found {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * Throws if axe finds anything in a page that is light, or in its colors once it is dark: nothing else of it changes with them. Axe's script
 * comes from the test and not from the page, whose policy holds meanwhile.
 */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  await session.send('Runtime.evaluate', { expression: AXE, contextId: executionContextId });
  const background = () => page.locator('body').evaluate(`getComputedStyle(document.body).backgroundColor`);
  const light = await background();
  await assertNone('light', {});
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.notEqual(await background(), light, `${what} is not dark`);
  await assertNone('dark', { runOnly: ['color-contrast', 'link-in-text-block'] });
  await session.detach();

  async function assertNone(colors: string, rules: object): Promise<void> {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...rules })})
        .then(({ violations }) => JSON.stringify(violations))`,
      contextId: executionContextId,
      awaitPromise: true,
    });
    assert.equal(exceptionDetails, undefined, `${what}, ${colors}: ${JSON.stringify(exceptionDetails)}`);
    const violations = (JSON.parse(String(result.value)) as Found[]).map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
    );
    assert.deepEqual(violations, [], `${what}, ${colors}`);
  }
}
