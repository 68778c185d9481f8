import { test } from 'uvu';
import { declareCorpusTests } from '../corpus-tests.ts';
import { clusterConfImport, haFence, haRules, sectionConfig } from '../ha-planning.ts';

declareCorpusTests([haRules, haFence, clusterConfImport, sectionConfig]);
test.run();
