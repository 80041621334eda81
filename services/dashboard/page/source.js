// source: the live view in the browser: one EventSource, the entities as they are now, and whether they still are.
// SPDX-License-Identifier: Apache-2.0
//
// Messages to the listener: {what: "state", kinds, now}   everything, at the start and after a gap
//                           {what: "delta", set, now}     what changed: [[kind, key, value or null], ...]
//                           {what: "beat", now}           nothing changed, and somebody is there
//                           {what: "lost"}                nothing was heard for a while, or the connection ended
// The browser itself comes back with Last-Event-ID and gets what it missed; where it gives up (an error answer) we begin anew.

const SILENCE_MS = 10000; // two beats of the server's
const AGAIN_MS = 3000;
const LOOK_MS = 1000;

export function applySet(kinds, set) {
    for (const [kind, key, value] of set) {
        const all = kinds[kind] ??= {};
        if (value === null) delete all[key];
        else all[key] = value;
    }
}

export class Source {
    constructor(tell) {
        this.tell = tell;
        this.kinds = null;
        this.lost = true;
        this.heard = Date.now();
        this.open();
        setInterval(() => this.look(), LOOK_MS);
    }

    open() {
        const stream = this.stream = new EventSource("/stream");
        stream.addEventListener("snapshot", event => this.take(event, data => {
            this.kinds = data.kinds;
            return {what: "state", kinds: data.kinds, now: data.now};
        }));
        stream.addEventListener("delta", event => this.take(event, data => {
            applySet(this.kinds, data.set);
            return {what: "delta", set: data.set, now: data.now};
        }));
        stream.addEventListener("beat", event => this.take(event, data => ({what: "beat", now: data.now})));
        stream.onerror = () => {
            this.lose();
            if (stream.readyState === EventSource.CLOSED && this.stream === stream) {
                this.stream = null;
                setTimeout(() => this.open(), AGAIN_MS);
            }
        };
    }

    take(event, make) {
        this.heard = Date.now();
        this.lost = false;
        this.tell(make(JSON.parse(event.data)));
    }

    look() {
        if (Date.now() - this.heard < SILENCE_MS) return;
        this.lose();
        if (this.stream && Date.now() - this.heard > 3 * SILENCE_MS) { // half open: the browser waits for ever
            this.heard = Date.now();
            this.stream.close();
            this.open();
        }
    }

    lose() {
        if (this.lost) return;
        this.lost = true;
        this.tell({what: "lost"});
    }

    // For a listener that came later.
    state() {
        return this.kinds && {what: "state", kinds: this.kinds, now: null};
    }
}
