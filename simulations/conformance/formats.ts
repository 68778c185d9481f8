/** The corpora of the pure formats. */
import type { Corpus } from './corpus.ts';
import { calendar } from './formats/calendar.ts';
import { jsonSchema } from './formats/json-schema.ts';
import { sectionFiles } from './formats/section-files.ts';
import { taskIdentifiers } from './formats/task-identifiers.ts';
import { valueFormats } from './formats/value-formats.ts';

export const formatCorpora: readonly Corpus[] = [valueFormats, jsonSchema, taskIdentifiers, sectionFiles, calendar];
