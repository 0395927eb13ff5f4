import { setText } from "./dom.js";

// The rows of a list of terms: made once, and changed where a value changed.
export function terms(list, pairs) {
  for (const [name, value] of pairs) {
    let dd = list.querySelector(`[data-name="${name}"]`);
    if (!dd) {
      const row = document.createElement("div");
      const dt = document.createElement("dt");
      dd = document.createElement("dd");
      dt.textContent = name;
      dd.dataset.name = name;
      row.append(dt, dd);
      list.append(row);
    }
    setText(dd, value);
  }
}
