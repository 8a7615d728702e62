// SPDX-License-Identifier: Apache-2.0
// Elements of the page. Text of the store becomes text nodes, never markup.

export function el(name, attributes = {}, ...children) {
  const out = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) out.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) out.setAttribute(key, value);
  out.append(...children.flat(Infinity).filter((x) => x !== null && x !== undefined));
  return out;
}

/** What says in a shape what the text beside it says in words. */
export const sign = (symbol) => el("span", { class: "sign", "aria-hidden": "true" }, symbol);

export const clock = (at, long) => {
  const time = new Date(at * 1000);
  const text = time.toLocaleTimeString("en-GB");
  const today = time.toDateString() === new Date().toDateString();
  return el("time", { datetime: time.toISOString(), title: time.toISOString() },
    today && !long ? text : `${time.toLocaleDateString("en-CA")} ${text}`);
};

/** Writes only what differs, so that a screen reader announces only that. */
export function setList(list, items) {
  const texts = [...list.children].map((x) => x.outerHTML);
  if (items.length === texts.length && items.every((x, i) => x.outerHTML === texts[i])) return;
  list.replaceChildren(...items);
}
