// app: brings the page to life: what the server rendered as tables is kept up to date, and drawn where a picture helps.
// SPDX-License-Identifier: Apache-2.0
//
// What moves with registrations is rendered here (now, attention, seats, answers, silence, feed, the chart). What moves with
// the plan, seldom, is fetched from the server as it renders it, at most every few seconds. An element that stays the same
// stays in the document, so that focus and selection do: see morph().
import {Source, applySet} from "./source.js";
import {chart} from "./chart.js";
import {make, morph, fill, stamp, left} from "./dom.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const words = boot.words;
const filters = new URLSearchParams(location.search);
const view = {kinds: null, skew: 0, live: false, paused: false, dirty: new Set(), behind: null};
const FETCH_FIRST_MS = 300, FETCH_AGAIN_MS = 5000;

const all = kind => Object.entries(view.kinds[kind] ?? {});
const get = (kind, key) => view.kinds[kind]?.[key];
const now = () => Date.now() + view.skew;
const link = event => make("a", {href: `/event/${event}?lang=${boot.lang}`}, get("event", event)?.title ?? event);
const shows = event => event && ["dimension", "party", "year"].every(name => {
    const value = {dimension: event.dimension, party: event.proposer, year: String(event.plan_year)}[name];
    return !filters.get(name) || filters.get(name) === (value ?? "");
});
// "{party} at {event}" as nodes: an event is a link, by its title or where many stand in a row by its id; a code is said in words.
const spoken = object => object.type === "convene.scheduling.event.v1" ? "st_" : "v_";
const sentence = (pattern, object, titles) => pattern.split(/\{(\w*)\}/).map((part, i) => {
    if (i % 2 === 0) return part;
    const name = part || "about", value = object[name] ?? "";
    if (name === "word") return words[spoken(object) + value] ?? value.replaceAll("_", " ");
    if ((name === "event" || name === "about") && get("event", value))
        return titles ? link(value) : make("a", {href: `/event/${value}?lang=${boot.lang}`}, value);
    return String(value);
});
const time = ms => make("time", {datetime: new Date(ms).toISOString()}, stamp(ms));

// caption and head: ids of words; below those of `numbers` stand numbers.
function table(caption, head, rows, numbers = []) {
    return make("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": words[caption]},
        make("table", {}, make("caption", {class: "quiet"}, words[caption]),
            make("thead", {}, make("tr", {}, ...head.map(word => make("th", {scope: "col", ...(numbers.includes(word) && {class: "n"})}, words[word])))),
            make("tbody", {}, ...rows)));
}
const number = value => make("td", {class: "n"}, String(value ?? 0));
const command = text => text.length > 100 ? [make("details", {}, make("summary", {}, words.command), make("code", {}, text))] : [make("br"), make("code", {}, text)];
const none = text => make("p", {}, text);

// What the colours of a picture mean: [id of a word, class of the mark].
const key = marks => make("ul", {class: "key"}, ...marks.map(([word, mark]) => make("li", {},
    make("svg:svg", {viewBox: "0 0 12 12", "aria-hidden": "true"}, make("svg:rect", {x: "1", y: "1", width: "10", height: "10", class: mark})), words[word])));

// ---- views

function bar(seats) {
    const capacity = Math.max(seats.capacity, 1);
    let at = 0;
    const parts = [["confirmed", seats.confirmed], ["offered", seats.offered], ["guaranteed_held", seats.guaranteed_held], ["free", seats.free]];
    const label = `${words.confirmed} ${seats.confirmed}, ${words.guaranteed} ${seats.guaranteed_held}, ${words.free} ${seats.free}, ${words.waiting} ${seats.waiting}`;
    return make("svg:svg", {viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "bar-chart", role: "img", "aria-label": label},
        ...parts.filter(([, n]) => n > 0).map(([name, n]) => {
            const x = at, width = Math.min(100 * n / capacity, 100 - at);
            at += width;
            return make("svg:rect", {x: x.toFixed(2), y: "0.5", width: Math.max(width, 0).toFixed(2), height: "9", class: `s-${name}`});
        }));
}

function answersOf(party, code) {
    const counts = {registered: 0, declined: 0, withdrawn: 0, silent: 0};
    for (const [event, seats] of all("seats")) {
        if (boot.event ? event !== boot.event : !["open", "closed"].includes(seats.status) || !shows(get("event", event))) continue;
        const answer = get("answer", `${event}/${code}`)?.answer ?? "none";
        const audience = get("event", event)?.registration?.audience;
        if (answer in counts) counts[answer]++;
        else if (!audience?.length || audience.includes(party.kind)) counts.silent++;
    }
    return counts;
}

const renderers = {
    now() {
        const n = get("now", "all");
        if (!n) return [];
        const fact = (word, value) => make("div", {}, make("dt", {}, words[word]), make("dd", {}, value));
        return [make("dl", {class: "numbers"},
            fact("services", `${n.services_up} / ${n.services}`), fact("lag", String(n.lag)), fact("unsent", String(n.unsent)),
            fact("oldest_unsent", n.oldest_unsent_ms ? time(n.oldest_unsent_ms) : words.nothing), fact("failed", String(n.failed)), fact("dead", String(n.dead)),
            fact("events_open", String(n.events_open)), fact("silences", String(n.silences)),
            fact("newest", n.newest_ms ? time(n.newest_ms) : words.nothing))];
    },
    attention() {
        const list = get("attention", "all") ?? [];
        if (!list.length) return [none(words.attention_none)];
        return [make("ul", {class: "attention"}, ...list.map(need => make("li", need.grave ? {class: "grave"} : {},
            ...sentence(words[`need_${need.what}`] ?? "{about}", need, true), ...(need.releases ? [words.need_releases] : []), ...command(need.command))))];
    },
    seats() {
        const rows = all("seats").filter(([event]) => boot.event ? event === boot.event : shows(get("event", event)))
            .sort(([a], [b]) => a < b ? -1 : 1);
        if (!rows.length) return [none(words.no_seats)];
        const numbers = ["capacity", "confirmed", "offered", "guaranteed", "free", "waiting", "under_review", "online", "registered", "declined", "silent"];
        return [table("seats", ["event", "fill", ...numbers, "closes"], rows.map(([event, s]) => make("tr", {"data-event": event},
            make("th", {scope: "row"}, link(event)), make("td", {}, bar(s)), number(s.capacity), number(s.confirmed), number(s.offered),
            number(s.guaranteed_held), number(s.free), number(s.waiting), number(s.pending), number(s.online), number(s.registered),
            number(s.declined), number(s.silent), make("td", {}, time(s.closes_ms)))), numbers),
        key([["confirmed", "s-confirmed"], ["offered", "s-offered"], ["guaranteed", "s-guaranteed_held"], ["free", "s-free"]])];
    },
    answers() {
        const parties = all("party").map(([code, party]) => ({code, party, counts: answersOf(party, code)}))
            .filter(({counts: c}) => c.registered + c.declined + c.withdrawn + c.silent > 0)
            .sort((a, b) => a.party.name < b.party.name ? -1 : 1);
        const count = (sign, word, n) => n ? [make("span", {class: "c"}, make("span", {"aria-hidden": "true"}, sign), ` ${words[word]}: ${n}`)] : [];
        return [make("p", {class: "quiet"}, parties.length ? words.answers_help : words.no_parties),
            make("ul", {class: "tiles"}, ...parties.map(({code, party, counts: c}) =>
                make("li", {class: `tile ${c.registered ? "yes" : c.silent ? "open" : "no"}`}, make("strong", {}, code), " ",
                    make("span", {class: "who"}, party.name), ...count("✓", "registered", c.registered), ...count("✗", "declined", c.declined),
                    ...count("↩", "withdrawn", c.withdrawn), ...count("…", "silent", c.silent))))];
    },
    silence() {
        const rows = all("decision").filter(([, d]) => d.state === "open").sort(([, a], [, b]) => a.expires_ms - b.expires_ms);
        if (!rows.length) return [none(words.no_silence)];
        return [table("silence", ["decision", "title", "ends", "left"], rows.map(([id, d]) => make("tr", {},
            make("th", {scope: "row"}, id), make("td", {}, d.title ?? ""),
            make("td", {}, time(d.expires_ms), ...(d.expires_wall ? [make("br"), make("small", {}, `${d.expires_wall} ${d.zone ?? ""}`)] : [])),
            make("td", {}, left(d.expires_ms - now(), words)))))];
    },
    feed() {
        const filtered = ["dimension", "party", "year"].some(name => filters.get(name));
        const rows = all("feed").filter(([, entry]) => !filtered || shows(get("event", entry.event))).sort(([a], [b]) => a < b ? 1 : -1);
        if (!rows.length) return [none(words.feed_none)];
        return [make("ol", {class: "feed", tabindex: "0", "aria-label": words.feed}, ...rows.map(([, entry]) => make("li", {}, time(entry.at), " ",
            ...sentence(words[`f_${entry.type.split(".").at(-2)}`] ?? "{type}", entry, false))))];
    },
    proof() {
        const proof = get("proof", "all");
        if (!proof) return [];
        return [fill(words.proof, ""), make("a", {href: "/api/proof"}, make("code", {}, proof.hash)),
            ...Object.entries(proof.positions).sort(([a], [b]) => a < b ? -1 : 1)
                .flatMap(([stream, {seq}]) => [" ", make("span", {}, `${stream} ${seq}`)]), " ", make("code", {}, "convene audit view")];
    },
    timeline() {
        const picture = chart(all("event").map(([, event]) => event).filter(shows), view.kinds.heading ?? {}, now(), words);
        const marks = [["planned", "e-planned"], ["in_registration", "e-open"], ["held", "e-held"], ["off", "e-cancelled"], ["was_here", "ghost"], ["today", "today"]];
        return picture.length ? [...picture, key(marks)] : [];
    },
};

// Which views an entity of this kind moves.
const moves = {now: ["now"], attention: ["attention"], seats: ["seats", "answers"], answer: ["answers"], party: ["answers"],
    event: ["seats", "answers", "timeline", "fetched"], decision: ["silence"], feed: ["feed"], heading: ["timeline", "fetched"],
    proof: ["proof"], session: ["fetched"], room: ["fetched"], release: ["fetched"], progress: ["fetched"], workitem: ["fetched"], workplan: ["fetched"],
    changes: ["fetched"]};

function render(name) {
    const place = document.querySelector(`[data-view="${name}"]`);
    if (!place) return;
    if (name !== "timeline") {
        morph(place, make("div", {}, ...renderers[name]()));
        return;
    }
    let picture = document.getElementById("chart");
    if (!picture) {
        picture = make("div", {id: "chart", class: "scroll", tabindex: "0", role: "group", "aria-label": words.timeline_chart});
        place.before(picture);
    }
    morph(picture, make("div", {}, ...renderers.timeline()));
}

let fetching = 0, fetchAt = 0;
function fetchRest() {
    if (fetching) return;
    const wait = Math.max(FETCH_FIRST_MS + Math.random() * 700, fetchAt - Date.now() + Math.random() * 1000);
    fetching = setTimeout(async () => {
        try {
            const text = await (await fetch(location.href, {headers: {Accept: "text/html"}})).text();
            const fresh = new DOMParser().parseFromString(text, "text/html");
            for (const name of ["timeline", "changes", "progress", "work", "facts", "programme", "history"]) {
                const from = document.querySelector(`[data-view="${name}"]`), to = fresh.querySelector(`[data-view="${name}"]`);
                if (from && to) morph(from, to);
            }
        } catch {
            // the stream says that the server is away; with its next snapshot this is tried again
        } finally {
            fetching = 0;
            fetchAt = Date.now() + FETCH_AGAIN_MS;
        }
    }, wait);
}

function draw() {
    const names = [...view.dirty];
    view.dirty.clear();
    for (const name of names) {
        if (name === "fetched") fetchRest();
        else render(name);
    }
    document.body.dataset.drawn = String(Date.now());
}

function mark(names) {
    const idle = view.dirty.size === 0;
    for (const name of names) view.dirty.add(name);
    if (idle && view.dirty.size) setTimeout(draw, 0); // not a frame: a tab in the background has none
}

// ---- the state line

function tellState() {
    const text = fill(view.paused ? words.paused : view.live ? words.connected : words.stale, stamp(view.asOf ?? now(), true));
    document.getElementById("state").textContent = text;
    document.body.classList.toggle("stale", !view.live);
    const mood = view.paused ? "paused" : view.live ? "live" : "stale";
    if (mood === view.mood) return;
    view.mood = mood;
    document.body.dataset.mood = mood;
    document.getElementById(mood === "stale" ? "alarm" : "said").textContent = text; // read aloud at a change only
    if (mood !== "stale") document.getElementById("alarm").textContent = "";
}

// While paused: what there is to take up afterwards, as one message, the newest of each entity. So it is never more than the view.
function wait(message) {
    const {behind} = view;
    if (message.what === "state") {
        view.behind = {what: "state", kinds: structuredClone(message.kinds), now: message.now, at: Date.now()};
    } else if (message.what === "lost") {
        view.live = false;
    } else {
        const set = message.set ?? [];
        if (behind.what === "state") applySet(behind.kinds, set);
        else for (const one of set) behind.set.set(`${one[0]} ${one[1]}`, one);
        Object.assign(behind, {now: message.now, at: Date.now()});
        view.live = true;
    }
}

function goOn() {
    const {behind} = view;
    view.behind = null;
    const now = behind.now && behind.now + Date.now() - behind.at; // the clock went on meanwhile
    take(behind.what === "state" ? {...behind, now} : {what: "delta", set: [...behind.set.values()], now});
}

function take(message) {
    if (view.paused) {
        wait(message);
        return;
    }
    if (message.now) {
        view.skew = message.now - Date.now();
        view.asOf = message.now;
    }
    view.live = message.what !== "lost";
    if (message.what === "state") {
        view.kinds = structuredClone(message.kinds);
        mark(new Set(Object.values(moves).flat()));
    } else if (message.what === "delta" && view.kinds) {
        applySet(view.kinds, message.set);
        mark(new Set(message.set.flatMap(([kind]) => moves[kind] ?? [])));
    }
    tellState();
}

// ---- start

for (const [id, role] of [["said", "status"], ["alarm", "alert"]])
    document.body.append(make("p", {id, role, class: "aside"}));

const pause = document.getElementById("pause");
pause.hidden = false;
pause.addEventListener("click", () => {
    view.paused = !view.paused;
    pause.textContent = view.paused ? words.resume : words.pause;
    pause.setAttribute("aria-pressed", String(view.paused));
    const {live} = view;
    if (view.paused) {
        view.behind = {what: "delta", set: new Map(), now: null};
    } else {
        goOn();
        view.live = live;
    }
    tellState();
});

let port = null;
try {
    const worker = new SharedWorker("/live.js", {type: "module", name: "convene"});
    port = worker.port;
    port.onmessage = event => take(event.data);
    port.start();
    port.postMessage("hello");
    addEventListener("pagehide", () => port.postMessage("bye"));
    addEventListener("pageshow", event => event.persisted && port.postMessage("hello"));
} catch {
    new Source(take); // no shared workers here: a stream for this tab
}
setInterval(() => view.kinds && !view.paused && mark(["silence"]), 20000);
