/** What decrypts payloads for the Temporal Web UI, by the settings; undefined where there are no keys, or no Web UI that may ask. */
import type { Settings } from '../process/config.ts';
import { payloadCodecOf } from '../temporal/data-converter.ts';
import type { PayloadDecoding } from './http/decode-payloads.ts';

export function payloadDecoding(settings: Settings): PayloadDecoding | undefined {
  const codec = payloadCodecOf(settings);
  const uiOrigin = settings.PAYLOAD_UI_ORIGIN;
  if (codec === undefined || uiOrigin === undefined) return undefined;
  return {
    uiOrigin,
    async decode(payloads) {
      const read = await codec.decode(
        payloads.map(({ metadata, data }) => ({
          metadata: inBytes(metadata),
          data: Buffer.from(data, 'base64'),
        })),
      );
      return read.map(({ metadata, data }) => ({
        metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, inText(value)])),
        data: inText(data),
      }));
    },
  };
}

function inBytes(metadata: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]));
}

function inText(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}
