/** Values of results as people read them, by the renderer that a schema names (spec/formats.md §2). */
import {
  renderBytes,
  renderDuration,
  renderFractionAsPercentage,
  renderTimestamp,
  renderTimestampGmt,
} from '../../runtime/formats/renderers.ts';
import { type Value, yamlText } from '../command-line/json-text.ts';

const renderers: Readonly<Record<string, (value: number) => string>> = {
  bytes: (value) => renderBytes(value),
  duration: (value) => renderDuration(value),
  fraction_as_percentage: renderFractionAsPercentage,
  timestamp: (value) => renderTimestamp(value),
  timestamp_gmt: renderTimestampGmt,
};

export function rendered(value: Value, renderer: string | undefined): Value {
  if (value === null || value === undefined || renderer === undefined) return value;
  if (renderer === 'yaml') return yamlText(value).replace(/^---\n/, '');
  const number = Number(value);
  return renderers[renderer] === undefined || !Number.isFinite(number) ? value : renderers[renderer](number);
}
