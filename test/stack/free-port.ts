// A free port, for a server or a proxy of a test.

import { cacheDirectory } from '../../dev/cache.ts';
import { choosePorts } from '../../dev/ports.ts';

export async function freePort(): Promise<number> {
  const wish = { setting: 'PORT', set: 0, usual: 0, lastTime: undefined };
  const { ports, release } = await choosePorts({ own: wish }, cacheDirectory(process.env['XDG_CACHE_HOME']));
  release();
  return ports.own;
}
