/**
 * The console as browsers load it: scripts and styles with names that are hashes of their contents, and the page that names them. It is
 * made in memory from console/ and client/, once in a process and when it is first asked for, which takes less than a second; so it is
 * never older than its sources, and an installation whose console nobody opens pays nothing.
 */
import { constants, gzip as gzipCallback } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, stop, type Metafile } from 'esbuild';

const gzip = promisify(gzipCallback);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = 'console/main.tsx';
const STYLE = 'console/style/main.css';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface ConsoleFile {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  /** Whether the page needs it before it shows anything. */
  readonly isFirst: boolean;
}

export interface ConsoleBundle {
  /** The page, for every path of the console. */
  readonly page: string;
  /** By their names. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
}

export async function bundleConsole(): Promise<ConsoleBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [SCRIPT, STYLE],
    outdir: 'console/built',
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    // Instead of console/tsconfig.json, which is for the type checker and not in the image.
    tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact', verbatimModuleSyntax: true } },
    logLevel: 'silent',
  }).finally(() => void stop());
  const [script, style] = [SCRIPT, STYLE].map((source) => outputOf(metafile, source));
  const first = new Set([style!, ...loadedWith(metafile, script!)]);
  const files = await Promise.all(
    outputFiles.map(async ({ path, contents }): Promise<[string, ConsoleFile]> => {
      const name = nameOf(path);
      const plain = new Uint8Array(contents);
      const gzipped = new Uint8Array(await gzip(plain, { level: constants.Z_BEST_COMPRESSION }));
      return [name, { type: TYPES[name.slice(name.lastIndexOf('.'))]!, plain, gzipped, isFirst: first.has(name) }];
    }),
  );
  return { page: pageOf(script!, style!, [...first]), files: new Map(files) };
}

function outputOf({ outputs }: Metafile, source: string): string {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === source)!;
  return nameOf(path);
}

/** The scripts that a script imports at once, and not when a page asks for them. */
function loadedWith({ outputs }: Metafile, name: string, seen = new Set<string>()): Set<string> {
  seen.add(name);
  const { imports } = Object.entries(outputs).find(([path]) => nameOf(path) === name)![1];
  for (const { path, kind } of imports)
    if (kind === 'import-statement' && !seen.has(nameOf(path))) loadedWith({ outputs, inputs: {} }, nameOf(path), seen);
  return seen;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function pageOf(script: string, style: string, first: readonly string[]): string {
  const preloads = first
    .filter((name) => name !== script && name !== style)
    .map((name) => `<link rel="modulepreload" href="/console/assets/${name}">`);
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<title>Counterpoise</title>',
    '<link rel="icon" type="image/svg+xml" href="/console/assets/icon.svg">',
    `<link rel="stylesheet" href="/console/assets/${style}">`,
    ...preloads,
    `<script type="module" src="/console/assets/${script}"></script>`,
    '</head>',
    '<body><noscript>The console needs JavaScript, which comes from this address alone.</noscript></body>',
    '</html>',
    '',
  ].join('\n');
}
