// What every part of the page does with its elements.

export const $ = (id) => document.getElementById(id);

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.textContent = text;
  return made;
}

// Changes a text only where it is another one: the browser lays out anew what changes.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
