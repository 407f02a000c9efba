/** What has changed since the person looked, before anything is done about it. */
import type { Change } from '../format/difference.ts';

export function Changes({ of }: { of: readonly Change[] }) {
  return (
    <div class="changes" role="alert">
      <p>This has changed since you opened it. Nothing was done.</p>
      <table>
        <caption class="unseen">Changes</caption>
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">when you looked</th>
            <th scope="col">now</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ field, before = '–', now = '–' }) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>
                <del>{before}</del>
              </td>
              <td>
                <ins>{now}</ins>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
