/** A sweep for machines: JSON, and the XML that JUnit made common. */
import { repetitionOf, type SeedReport } from '../cluster/swarm-report.ts';

const REPORT_VERSION = 1;

/** `flags`: those of the sweep. */
export function sweepJson(reports: readonly SeedReport[], flags: string): string {
  const seeds = reports.map(({ script: _script, ...report }) => ({
    ...report,
    ...(report.verdict === 'ok' ? {} : { repeat: repetitionOf(report, flags) }),
  }));
  return `${JSON.stringify({ version: REPORT_VERSION, seeds }, undefined, 1)}\n`;
}

export function junitText(reports: readonly SeedReport[], flags: string): string {
  const failed = reports.filter(({ verdict }) => verdict !== 'ok');
  const crashes = failed.filter(({ verdict }) => verdict === 'crash').length;
  const cases = reports.map((report) => caseText(report, flags));
  const time_s = reports.reduce((sum, { wall_ms }) => sum + wall_ms, 0) / 1000;
  const counts = `tests="${reports.length}" failures="${failed.length - crashes}" errors="${crashes}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="pve-actors sim" ${counts} time="${time_s.toFixed(3)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function caseText(report: SeedReport, flags: string): string {
  const { seed, verdict, violations, crash, wall_ms } = report;
  const open = `  <testcase classname="simulation" name="seed ${seed}" time="${(wall_ms / 1000).toFixed(3)}"`;
  if (verdict === 'ok') return `${open}/>`;
  const [first] = violations;
  const message = crash?.split('\n', 1)[0] ?? (first === undefined ? verdict : `${first.rule}: ${first.message}`);
  const text = [
    `repeat it: ${repetitionOf(report, flags)}`,
    ...violations.map(({ rule, message, time_ms }) => `at ${(time_ms / 1000).toFixed(3)} s, ${rule}: ${message}`),
    ...(crash === undefined ? [] : [crash]),
  ].join('\n');
  const tag = verdict === 'crash' ? 'error' : 'failure';
  return `${open}>\n    <${tag} type="${verdict}" message="${escaped(message)}">${escaped(text)}</${tag}>\n  </testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML knows no control characters but tab and line ends. */
function escaped(text: string): string {
  return (
    text
      .replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML refuses
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
  );
}
