#!/usr/bin/env node
import { methodTool } from './commands/method-tool.ts';

await methodTool('pvesm');
