import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip, sharedPath } from '../../runtime/test-support/shared-corpus.ts';
import { accessCorpora } from './access.ts';

for (const corpus of accessCorpora) {
  test(`corpus ${corpus.name}`, async () => {
    const directory = sharedPath(corpus.name);
    if (directory === undefined) {
      reportSkip(`corpus ${corpus.name}`, `../shared/conformance/${corpus.name} is not there`);
      return;
    }
    const cases = await corpus.run(directory);
    assert.ok(cases.length > 0);
    assert.equal(
      cases.filter(({ outcome }) => outcome !== 'passed'),
      [],
    );
  });
}

test.run();
