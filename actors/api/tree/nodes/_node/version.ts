import { method } from '../../../method.ts';
import { release } from '../../../release.ts';

export const methods = [method('GET', '/nodes/{node}/version', () => ({ ...release }))];
