// What the pages of the desk do without a form being sent: keys, the enlarged picture, the chosen passage.
// Everything that is saved goes through the forms, so the desk works without this file too.
"use strict";
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- who ticks somebody to publish to means those who are ticked
// (and who chooses a group means that group)
for (const list of $$("select[name=group]")) list.addEventListener("change", () => { $("[name=who][value=group]").checked = true; });
for (const box of $$("[name=student]")) box.addEventListener("change", () => { $("[name=who][value=chosen]").checked = true; });

// --- whether single keys are on: a person may turn them off, for whoever speaks to the machine
const keysOn = $("#keys-on");
try { keysOn.checked = localStorage.getItem("desk-keys") !== "off"; } catch { /* no storage here */ }
keysOn.addEventListener("change", () => {
  try { localStorage.setItem("desk-keys", keysOn.checked ? "on" : "off"); } catch { /* no storage here */ }
});
const help = $("#help");
$("#help-button").addEventListener("click", () => help.showModal());

const form = $("#judge");
let sent = false;
let touched = false;
if (form) {
  form.addEventListener("input", () => { touched = true; });
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
  addEventListener("beforeunload", (event) => { if (touched && !sent) event.preventDefault(); });
}

// --- the chosen check
const checks = $$(".judge > .check");
let chosen = 0;
function choose(number, scroll = true) {
  if (!checks.length) return;
  chosen = (number + checks.length) % checks.length;
  checks.forEach((each, place) => each.classList.toggle("chosen", place === chosen));
  if (scroll) checks[chosen].scrollIntoView({ block: "nearest" });
}
checks.forEach((each, place) => each.addEventListener("focusin", () => choose(place, false)));
const firstOpen = checks.findIndex((each) => $(".mark.wait", each));
choose(Math.max(0, firstOpen), false);

function field(kind) {
  return checks.length ? $(`input[name^="${kind}:"]`, checks[chosen]) : null;
}
function give(points) {
  const input = field("points");
  if (!input) return;
  input.value = points === null ? input.dataset.maximum : points;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  if ($$(".rubric input:checked", checks[chosen]).length) field("reason").focus();
}
function toggle(number) {
  const boxes = checks.length ? $$(".rubric input", checks[chosen]) : [];
  if (boxes[number - 1]) boxes[number - 1].click();
}

// --- the enlarged picture and the place in it
const large = $("#large");
const stage = $("#stage");
let looks = $$(".look");
let looking = -1;
let spot = { x: 0.5, y: 0.5 };
function enlarge(number) {
  if (!looks.length) return;
  looking = (number + looks.length) % looks.length;
  const look = looks[looking];
  const image = $("img", look);
  $("#large-title").textContent = look.dataset.title;
  $("#large-image").src = image.src;
  $("#large-image").alt = image.alt;
  $("#large-spots").replaceChildren(...$$("circle", look).map((each) => each.cloneNode()));
  move(0.5, 0.5);
  if (!large.open) large.showModal();
  stage.focus();
}
function move(x, y) {
  spot = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
  $("#cross").setAttribute("cx", spot.x * 100);
  $("#cross").setAttribute("cy", spot.y * 100);
  const told = large.dataset.moved.replace("{x}", Math.round(spot.x * 100)).replace("{y}", Math.round(spot.y * 100));
  $("#stage-says").textContent = told;
}
function comment(words, values) {
  for (const [name, value] of Object.entries({ spot: "", "spot-x": "", "spot-y": "", quote: "", ...values })) {
    $(`#${name}`).value = value;
  }
  $("#place-words").textContent = words;
  $("#place").hidden = !words;
  $("#comment").focus();
}
function placeHere() {
  const look = looks[looking];
  large.close();
  comment(`${large.dataset.spot}: ${look.dataset.title}`, {
    spot: look.dataset.sha, "spot-x": spot.x.toFixed(4), "spot-y": spot.y.toFixed(4),
  });
}
if (large) {
  looks.forEach((look, number) => look.addEventListener("click", () => enlarge(number)));
  stage.addEventListener("click", (event) => {
    const box = $("#large-image").getBoundingClientRect();
    move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  });
  stage.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (ways[event.key]) {
      event.preventDefault();
      move(spot.x + ways[event.key][0], spot.y + ways[event.key][1]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      placeHere();
    }
  });
  large.addEventListener("keydown", (event) => {
    if (event.key === "m") { event.preventDefault(); event.stopPropagation(); enlarge(looking + 1); }
  });
  $("#place-here").addEventListener("click", placeHere);
  $("#place-away").addEventListener("click", () => comment("", {}));
  if ($("#spot").value) comment(large.dataset.spot, { spot: $("#spot").value, "spot-x": $("#spot-x").value, "spot-y": $("#spot-y").value });

  // --- the chosen passage: a button appears beside what was selected
  const passage = document.createElement("button");
  passage.id = "passage";
  passage.type = "button";
  passage.className = "main";
  passage.textContent = large.dataset.comment;
  passage.hidden = true;
  document.body.append(passage);
  let quote = "";
  document.addEventListener("selectionchange", () => {
    const selection = getSelection();
    const text = selection.toString().trim();
    const node = selection.anchorNode;
    const said = node && (node.nodeType === 1 ? node : node.parentElement)?.closest(".said");
    if (!text || !said) { if (document.activeElement !== passage) passage.hidden = true; return; }
    quote = text.slice(0, 4000);
    const box = selection.getRangeAt(0).getBoundingClientRect();
    passage.hidden = false;
    passage.style.setProperty("left", `${Math.max(8, Math.min(box.left + scrollX, innerWidth - 240))}px`);
    passage.style.setProperty("top", `${box.bottom + scrollY + 4}px`);
  });
  passage.addEventListener("mousedown", (event) => event.preventDefault());
  passage.addEventListener("click", () => {
    passage.hidden = true;
    comment(large.dataset.passage.replace("{quote}", quote.slice(0, 80)), { quote });
  });
}

// --- keys
function scrollAnswer(part) {
  const answer = $("#answer");
  const alone = answer.scrollHeight > answer.clientHeight ? answer : document.scrollingElement;
  alone.scrollBy({ top: part * alone.clientHeight });
}
let banking = false;
function bank(on) {
  banking = on && Boolean($("#bank"));
  $("#bank")?.classList.toggle("waiting", banking);
  if (banking) $("#bank").scrollIntoView({ block: "nearest" });
}
const actions = {
  n: () => $("#after")?.click(),
  p: () => $("#before")?.click(),
  s: () => $("#save")?.click(),
  o: () => { location.href = $(".home").href; },
  f: () => give(null),
  z: () => give(0),
  e: () => field("points")?.focus(),
  r: () => field("reason")?.focus(),
  a: () => { const answer = $("#answer-again"); if (answer) answer.focus(); },
  c: () => $("#comment")?.focus(),
  b: () => bank(true),
  m: () => enlarge(looking + 1),
  x: () => $("#flag")?.click(),
  u: () => checks.length && $('button[value^="undo:"]', checks[chosen])?.click(),
  ArrowDown: () => choose(chosen + 1),
  ArrowUp: () => choose(chosen - 1),
  Escape: () => bank(false),
  PageDown: () => scrollAnswer(0.9),
  PageUp: () => scrollAnswer(-0.9),
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    $("#save-next").click();
    return;
  }
  const typing = event.target.matches("textarea, input:not([type=checkbox]):not([type=radio])");
  if (typing && event.key === "Escape") { event.target.blur(); return; }
  const open = $("dialog[open]");
  if (typing || open || event.ctrlKey || event.metaKey || event.altKey || !keysOn.checked) return;
  if (event.target.matches(".answer, .said, pre, .wide, [type=radio]") && event.key.startsWith("Arrow")) return;
  if (/^[1-9]$/.test(event.key)) {
    event.preventDefault();
    if (banking) $$("#bank .give")[event.key - 1]?.click();
    else toggle(Number(event.key));
    bank(false);
  } else if (actions[event.key] && (form || "o?".includes(event.key))) {
    event.preventDefault();
    actions[event.key]();
  }
});
