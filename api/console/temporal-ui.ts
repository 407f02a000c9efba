/** Where the Temporal Web UI lists the workflows of the namespace, for the console to link to; undefined where no setting says. */
import type { Settings } from '../../process/config.ts';

export function temporalUiOf({ TEMPORAL_UI_URL: ui, TEMPORAL_NAMESPACE: namespace }: Settings): string | undefined {
  return ui === undefined ? undefined : `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows`;
}
