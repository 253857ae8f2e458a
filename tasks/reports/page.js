const root = document.documentElement;
const {specs, configs, locale} = JSON.parse(document.getElementById("data").textContent);
const system = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
const NARROW = 480;
let drawn = [];

// Storage is refused to some pages opened from a file; the choice then lasts as long as the page.
function remembered(theme) {
  try {
    if (theme) localStorage.setItem("smartmeter-theme", theme);
    return localStorage.getItem("smartmeter-theme");
  } catch {
    return null;
  }
}

function currentTheme() {
  return root.dataset.theme ?? (system.matches ? "dark" : "light");
}

function config(theme, width) {
  const base = configs[theme];
  return width < NARROW ? {...base, legend: {...base.legend, columns: 3}} : base;
}

async function draw() {
  const theme = currentTheme();
  button.textContent = theme === "dark" ? button.dataset.light : button.dataset.dark;
  const before = drawn;
  drawn = Object.entries(specs).map(([name, spec]) => {
    const place = document.getElementById(name);
    return window.vegaEmbed(place, structuredClone(spec), {
      actions: false,
      ast: true,
      config: config(theme, place.clientWidth),
      loader: {target: "_blank", rel: "noopener"},
      renderer: "svg",
      tooltip: {theme},
      ...locale,
    });
  });
  for (const view of await Promise.all(before)) view.finalize();
  await Promise.all(drawn);
  // The page describes each chart as one picture with a table; what Vega says of its marks tells nobody anything.
  for (const svg of document.querySelectorAll(".chart svg")) svg.setAttribute("aria-hidden", "true");
  root.dataset.drawn = theme;
}

button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  remembered(root.dataset.theme);
  draw();
});
system.addEventListener("change", () => root.dataset.theme || draw());

const proof = document.getElementById("proof");
let shown = null;

function show(link) {
  shown = link;
  const cells = [...link.closest("tr, .tile, .shot").children].map(cell => cell.textContent.trim());
  proof.querySelector("img").src = link.href;
  proof.querySelector("figcaption").textContent = cells.filter(Boolean).join(" · ");
  proof.querySelector("nav a").href = link.href;
  for (const step of [-1, 1]) proof.querySelector(`button[value="${step}"]`).disabled = !neighbour(step);
  if (!proof.open) proof.showModal();
}

function neighbour(step) {
  const links = [...(shown.closest("table, .shots")?.querySelectorAll("a.picture") ?? [])];
  return links[links.indexOf(shown) + step];
}

function go(step) {
  const link = neighbour(step);
  if (link) show(link);
}

document.addEventListener("click", event => {
  const link = event.target.closest("a.picture");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link);
});
proof.addEventListener("click", event => {
  const step = event.target.closest("button")?.value;
  if (step === "0" || event.target === proof) proof.close();
  else if (step) go(Number(step));
});
proof.addEventListener("keydown", event => {
  if (event.key === "ArrowLeft") go(-1);
  if (event.key === "ArrowRight") go(1);
});

const chosen = remembered();
if (chosen) root.dataset.theme = chosen;
draw();
