const form = document.querySelector('form[role=search]');
const input = form.elements.q;
const said = form.querySelector('output');
const table = document.querySelector('table');
const isCut = () => document.getElementById('cut') !== null;
const lower = (text) => Array.from(text, (char) => char.toLowerCase()).join('');
let served = input.defaultValue; // what the server has filtered the rows by
let rows, names, timer, isAsking = false;

function take() {
  rows = [...table.tBodies[table.tBodies.length - 1].rows];
  names = rows.map((row) => lower(row.cells[0].textContent));
  const two = (number) => String(number).padStart(2, '0');
  for (const time of table.querySelectorAll('time')) {
    const date = new Date(time.dateTime);
    if (isNaN(date)) continue;
    const day = [String(date.getFullYear()).padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())];
    time.textContent = `${day.join('-')} ${two(date.getHours())}:${two(date.getMinutes())}`;
  }
}

function filter() {
  const text = lower(input.value);
  let count = 0;
  rows.forEach((row, at) => {
    row.hidden = !names[at].includes(text);
    if (!row.hidden) count++;
  });
  const words = count === 1 ? '1 name matches' : `${count.toLocaleString('en')} names match`;
  said.textContent = text === '' ? '' : count === 0 ? 'No name matches' : words;
}

function target() {
  const url = new URL(location);
  url.searchParams.delete('q');
  if (input.value !== '') url.searchParams.set('q', input.value);
  return url;
}

// The rows that the server has for what is typed. It is asked one thing at a time.
async function ask() {
  if (isAsking) return;
  isAsking = true;
  try {
    while (input.value !== served) {
      const text = input.value;
      const answer = await fetch(target());
      if (!answer.ok) throw answer;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const bodies = page.querySelectorAll('tbody');
      table.tBodies[table.tBodies.length - 1].replaceWith(bodies[bodies.length - 1]);
      document.getElementById('cut')?.remove();
      const cut = page.getElementById('cut');
      if (cut) table.before(cut);
      said.textContent = page.querySelector('output').textContent;
      served = text;
      take();
    }
  } catch {
    said.textContent = 'The server cannot answer now';
  }
  isAsking = false;
}

function change() {
  const isHere = !isCut() && lower(input.value).includes(lower(served));
  if (isHere && !isAsking) filter();
  clearTimeout(timer);
  timer = setTimeout(() => {
    history.replaceState(history.state, '', target());
    if (!isHere) ask();
  }, 250);
}

take();
form.querySelector('button').hidden = true;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.querySelector('footer').textContent = zone ? `Times are in your time zone, ${zone}` : 'Times are in your time zone';
input.addEventListener('input', change);
input.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || input.value === '') return;
  event.preventDefault();
  input.value = '';
  change();
});
// The buttons that sort keep what is typed.
document.addEventListener('formdata', ({ target, formData }) => {
  if (!table.contains(target)) return;
  formData.delete('q');
  if (input.value !== '') formData.set('q', input.value);
});
// A browser that comes back to the page, or loads it again, may have kept what was typed.
addEventListener('pageshow', () => input.value !== served && change());
