import { test } from 'uvu';
import { declareCorpusTests } from '../corpus-tests.ts';
import { formatCorpora } from '../formats.ts';

declareCorpusTests(formatCorpora);

test.run();
