// dom: making elements, changing only what differs, and the small texts of times.
// SPDX-License-Identifier: Apache-2.0

const SVG = "http://www.w3.org/2000/svg";

// make("td", {class: "n"}, "3"); "svg:rect" for SVG. Texts become text nodes: nothing is ever parsed as HTML.
export function make(name, attributes = {}, ...children) {
    const element = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
}

// Makes the children of `from` those of `to`. Nodes that are equal stay, and so does what has the focus. Texts are changed in
// place; where kinds of nodes differ the node is replaced. What a reader has unfolded stays open.
export function morph(from, to) {
    const old = [...from.childNodes], fresh = [...to.childNodes];
    fresh.forEach((node, i) => {
        const was = old[i];
        if (!was) from.append(node);
        else if (was.isEqualNode(node)) return;
        else if (was.nodeName !== node.nodeName) was.replaceWith(node);
        else if (was.nodeType !== Node.ELEMENT_NODE) was.data = node.data;
        else {
            for (const {name} of [...was.attributes]) if (!node.hasAttribute(name) && name !== "open") was.removeAttribute(name);
            for (const {name, value} of node.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
            morph(was, node);
        }
    });
    for (const node of old.slice(fresh.length)) node.remove();
}

export const fill = (pattern, text) => pattern.replace("{}", text);

// "2026-05-14 09:30 UTC", as the server writes it.
export function stamp(ms, seconds = false) {
    const text = new Date(ms).toISOString();
    return `${text.slice(0, 10)} ${text.slice(11, seconds ? 19 : 16)} UTC`;
}

export function left(ms, words) {
    const minutes = Math.floor(ms / 60000);
    if (ms <= 0) return words.over;
    if (minutes < 60) return fill(words.minutes, minutes);
    return [[words.days, Math.floor(minutes / 1440)], [words.hours, Math.floor(minutes / 60) % 24]]
        .filter(([, n]) => n).map(([pattern, n]) => fill(pattern, n)).join(" ");
}
