/** The corpora of high availability that need no running cluster: rules, fence devices, old clusters; and their grammar. */
import { fenceConformanceOutput } from '../../machines/ha/fencing/fence-config.ts';
import { ruleConformanceOutput } from '../../machines/ha/rules/conformance-output.ts';
import type { Corpus } from './corpus.ts';
import { run as runClusterConfImport } from './ha-planning/cluster-conf-import.ts';
import { runExpectedFiles } from './ha-planning/expected-files.ts';
import { run as runSectionConfig } from './ha-planning/section-config.ts';

/** Both file corpora are judged for these (spec/ha.md §5.7, §11.2). */
const nodes = ['node1', 'node2', 'node3'];

export const haRules: Corpus = {
  name: 'ha-rules',
  run: async (directory) => runExpectedFiles(directory, (text) => ruleConformanceOutput(text, nodes)),
};

export const haFence: Corpus = {
  name: 'ha-fence',
  run: async (directory) =>
    runExpectedFiles(directory, (text, name) => fenceConformanceOutput(text, `fence_cfgs/${name}`, nodes)),
};

export const clusterConfImport: Corpus = { name: 'cluster-conf-import', run: runClusterConfImport };

export const sectionConfig: Corpus = { name: 'section-config', run: runSectionConfig };
