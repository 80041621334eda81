// ical_js: a calendar as ical.js (Thunderbird's) reads it, one JSON list of its entries.
// SPDX-License-Identifier: Apache-2.0
//
// node ical_js.mjs MODULES < CALENDAR     MODULES: folder with node_modules/ical.js
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const { default: ICAL } = await import(pathToFileURL(resolve(process.argv[2], 'node_modules/ical.js/dist/ical.js')));
ICAL.design.strict = true;
const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, 'utf8')));
const time = (at) => (!at ? null : at.isDate ? at.toString() : at.toJSDate().toISOString().slice(0, 19) + 'Z');
const entries = calendar.getAllSubcomponents('vevent').map((entry) => {
    const text = (name) => entry.getFirstPropertyValue(name);
    return {
        uid: text('uid'), sequence: text('sequence'), summary: text('summary'), location: text('location'), status: text('status'),
        start: time(text('dtstart')), end: time(text('dtend')), stamp: time(text('dtstamp')), related: text('related-to'),
    };
});
console.log(JSON.stringify({ method: calendar.getFirstPropertyValue('method'), entries }));
