/** The empty workflow that measures the engine alone: it begins and ends in its first task. Bundled by bench/floors.ts. */
export async function empty(): Promise<void> {}
