/**
 * Preloaded into every process of a run. For each import of a module, by its name or from within its package, Node parses the
 * whole package.json of that package anew (seen with 24.21), and drizzle-orm's is 179 kB: of the 1.2 s that a worker takes to
 * load, and the 1.9 s of an API, 0.65 and 0.8, and of all that the tests take of the processors nearly a fifth. So an import of
 * drizzle-orm is resolved here, and once. A Node before 22.15, as one that only runs npm may be, has no such hooks and does
 * without.
 */
import * as nodeModule from 'node:module';

const NAME = /^drizzle-orm(\/|$)/;
const MODULE = /\/node_modules\/drizzle-orm\/[^?]*\.js$/;
const named = new Map();

nodeModule.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL = '', conditions } = context;
    if (!conditions.includes('import')) return next(specifier, context);
    if (specifier.startsWith('.') && MODULE.test(parentURL)) {
      return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
    }
    if (!NAME.test(specifier)) return next(specifier, context);
    // Another build, with packages of its own, may be imported from by a process of this one.
    const key = `${specifier} ${parentURL.slice(0, parentURL.lastIndexOf('/') + 1)}`;
    const resolved = named.get(key) ?? { ...next(specifier, context), shortCircuit: true };
    named.set(key, resolved);
    return resolved;
  },
});
