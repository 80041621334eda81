// live: a shared worker that keeps the one stream of this browser and tells all its tabs: browsers allow six connections to a
// place, and a stream takes one for good.
// SPDX-License-Identifier: Apache-2.0
import {Source} from "./source.js";

const ports = new Set();
let now = null, at = 0;

const source = new Source(message => {
    if (message.now) [now, at] = [message.now, Date.now()];
    for (const port of ports) port.postMessage(message);
});

onconnect = event => {
    const port = event.ports[0];
    port.onmessage = message => {
        if (message.data === "bye") {
            ports.delete(port);
            return;
        }
        ports.add(port);
        const state = source.state();
        if (state) port.postMessage({...state, now: now === null ? null : now + Date.now() - at});
        if (source.lost) port.postMessage({what: "lost"});
    };
    port.start();
};
