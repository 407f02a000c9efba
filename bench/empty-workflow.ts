/** The workflow of the engine's floor: begins and ends in its first task. Bundled by bench/floors.ts. */
export async function empty(): Promise<void> {}
