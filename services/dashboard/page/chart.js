// chart: the year as lanes by dimension: a mark for each event, an outline where it was before it moved, a line for today.
// SPDX-License-Identifier: Apache-2.0
//
// The table below it says the same, and more: the chart is one picture with a label. What the day of is not known is not drawn.
import {fill, make} from "./dom.js";

const DAY = 86400000, LANE = 34, LEFT = 150, WIDTH = 1000, TOP = 22;
const exact = text => /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") ? Date.parse(`${text}T00:00:00Z`) : null;
const span = event => {
    const from = exact(event.date_start), to = exact(event.date_end) ?? from;
    return from === null ? null : {from, to: to + DAY};
};

export function chart(events, headings, now, words) {
    const drawn = events.map(event => ({event, at: span(event), was: event.moved && span(event.moved)})).filter(({at}) => at);
    if (!drawn.length) return [];
    const start = new Date(Math.min(...drawn.map(({at, was}) => Math.min(at.from, was?.from ?? at.from))));
    const first = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), 1);
    const end = new Date(Math.max(...drawn.map(({at, was}) => Math.max(at.to, was?.to ?? at.to))));
    const last = Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 1);
    const x = ms => LEFT + (WIDTH - LEFT) * (ms - first) / (last - first);
    const lanes = [...new Set(drawn.map(({event}) => event.dimension ?? ""))].sort();
    const height = TOP + lanes.length * LANE + 4;
    const parts = [];
    for (let month = first; month < last; month = Date.UTC(new Date(month).getUTCFullYear(), new Date(month).getUTCMonth() + 1, 1)) {
        parts.push(make("svg:line", {x1: x(month).toFixed(1), x2: x(month).toFixed(1), y1: "14", y2: String(height), class: "month"}));
        if ((last - first) / DAY < 430 || new Date(month).getUTCMonth() % 3 === 0)
            parts.push(make("svg:text", {x: (x(month) + 2).toFixed(1), y: "12", class: "label"}, new Date(month).toISOString().slice(2, 7)));
    }
    lanes.forEach((lane, i) => {
        const name = headings[lane]?.name ?? (lane || words.none_dimension);
        parts.push(make("svg:text", {x: "0", y: String(TOP + i * LANE + 20), class: "label"}, name.length > 24 ? `${name.slice(0, 23)}…` : name));
        for (const {event, at, was} of drawn.filter(one => (one.event.dimension ?? "") === lane)) {
            const box = (range, name) => make("svg:rect", {x: x(range.from).toFixed(1), y: String(TOP + i * LANE + 4), rx: "2",
                width: Math.max(x(range.to) - x(range.from), 5).toFixed(1), height: String(LANE - 12), class: name});
            const days = range => [...new Set([range.date_start, range.date_end])].filter(Boolean).join(" - ");
            const said = (mark, text) => (mark.append(make("svg:title", {}, text)), mark);
            if (was) parts.push(said(box(was, "ghost"), `${event.title}: ${fill(words.moved_from, days(event.moved))}`));
            parts.push(said(box(at, `e-${event.status}`), `${event.title}: ${days(event)}, ${words[`st_${event.status}`] ?? event.status}`));
        }
    });
    if (now > first && now < last)
        parts.push(make("svg:line", {x1: x(now).toFixed(1), x2: x(now).toFixed(1), y1: "0", y2: String(height), class: "today"}));
    const label = `${words.timeline_chart}: ${drawn.length}`;
    return [make("svg:svg", {viewBox: `0 0 ${WIDTH} ${height}`, class: "timeline-chart", role: "img", "aria-label": label}, ...parts)];
}
