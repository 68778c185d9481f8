import { test } from 'uvu';
import { declareCorpusTests } from '../corpus-tests.ts';
import { storageCorpora } from '../storage.ts';

declareCorpusTests(storageCorpora);

test.run();
