// An app with the base of the APIs, and routes that ask a database or fail.

import { pino } from 'pino';
import { createBaseApp } from '../../api/http/base-app.ts';
import type { InstallationId } from '../../domain/ids.ts';
import { traced } from '../../process/traces.ts';

export function fakeApp() {
  const app = createBaseApp({
    log: pino({ level: 'silent' }),
    hosts: [],
    authentication: 'off',
    bounds: { requestsMax: 100, waitersMax: 1, settlementsMax: 1, bodyBytesMax: 1_000 },
    installation: async () => ({ installationId: 'i' as InstallationId, namespaceId: 'n' }),
  });
  app.get('/health/live', (c) => c.text('ok'));
  app.get('/things/:id', async (c) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    await traced({ name: 'SELECT thing', kind: 'client', place: 'active' }, () => new Promise((r) => setTimeout(r, 1)));
    return c.json(c.var.trace);
  });
  app.get('/broken', () => {
    throw new Error('secret', { cause: Object.assign(new Error('secret too'), { code: '57P01' }) });
  });
  return app;
}
