// asyncapi_check: reads an AsyncAPI document with the public parser and says what is wrong with it.
// SPDX-License-Identifier: Apache-2.0
//
// node asyncapi_check.mjs MODULES DOCUMENT     MODULES: folder with node_modules/@asyncapi/parser
// Errors make it fail; warnings are the parser's taste and are shown only.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [modules, document] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'package.json'));
const { Parser } = require('@asyncapi/parser');
const { document: parsed, diagnostics } = await new Parser().parse(readFileSync(document, 'utf8'));
let errors = 0;
for (const found of diagnostics) {
    const kind = ['error', 'warning', 'information', 'hint'][found.severity];
    if (found.severity === 0) errors++;
    if (found.severity <= 1) console.log(`${kind}: ${found.path.join('.')}: ${found.message}`);
}
if (parsed) {
    const count = (all) => all.all().length;
    console.log(`AsyncAPI ${parsed.version()}: ${count(parsed.servers())} servers, ${count(parsed.channels())} channels, ` +
        `${count(parsed.operations())} operations, ${count(parsed.messages())} messages`);
}
process.exit(errors || !parsed ? 1 : 0);
