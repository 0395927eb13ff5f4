import { element, setText } from "./dom.js";

const known = new WeakMap(); // for each list, the element of each value by its name

// The rows of a list of terms: a name, a value, and maybe what it means. Made once, and changed where a value changed.
export function terms(list, rows) {
  if (!known.has(list)) known.set(list, new Map());
  const values = known.get(list);
  for (const [name, value, why] of rows) {
    if (!values.has(name)) values.set(name, rowOf(list, name, why));
    setText(values.get(name), value);
  }
}

function rowOf(list, name, why) {
  const [row, value] = [element("div"), element("dd")];
  value.dataset.name = name;
  row.append(element("dt", "", name), value);
  if (why !== undefined) row.append(element("dd", "why", why));
  list.append(row);
  return value;
}
