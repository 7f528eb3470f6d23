// Runs before Gradio's own scripts. LANGUAGE is the page's.

// Gradio asks the browser which language its own labels are in; the page's is the right answer.
Object.defineProperty(navigator, "language", { get: () => "LANGUAGE" });

// Which tab the address asks for; Gradio's first tab will write its own name there.
window.labTab = location.hash.slice(1);

// A picture of the stage opens large, over the page, until it is pressed again, Escape, or a press beside it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-large]");
  if (!button) return;
  const dialog = document.createElement("dialog");
  dialog.className = "large-picture";
  const picture = button.querySelector("img").cloneNode();
  const caption = document.createElement("p");
  caption.textContent = button.closest("figure").querySelector("figcaption").textContent;
  const close = document.createElement("button");
  close.textContent = button.dataset.large || "×";
  dialog.append(picture, caption, close);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
  document.body.append(dialog);
  dialog.showModal();
});

// The slider between two pictures uncovers the second one.
document.addEventListener("input", (event) => {
  const both = event.target.closest(".two.slider")?.querySelector(".both");
  if (both) both.style.setProperty("--seen", `${event.target.value}%`);
});

// Ctrl+Enter presses the main button of the tab that is open.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const buttons = [...document.querySelectorAll("button.primary")];
  buttons.find((button) => button.offsetParent && !button.disabled)?.click();
});

// A button that goes out of use under the keyboard's focus leaves it to the row it stands in, from where Tab goes
// to the next one, and has it back once it is in use again. Browsers would lose it.
{
  let pressed = null, left = null, row = null;
  document.addEventListener("pointerdown", () => { pressed = null; }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") pressed = event.target;
  }, true);
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const active = document.activeElement;
      if (target.disabled && target === pressed && (active === target || active === document.body)) {
        [left, row] = [target, target.closest(".actions") ?? target.parentElement];
        row.tabIndex = -1;
        row.focus({ preventScroll: true });
      } else if (!target.disabled && target === left) {
        if (active === row || active === document.body) target.focus({ preventScroll: true });
        left = null;
      }
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["disabled"] });
}

// A tab chosen from the menu by the keyboard leaves the focus to the menu's button: its own place is gone.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#lab-tabs .overflow-dropdown button") || event.detail) return;
  setTimeout(() => document.querySelector("#lab-tabs .overflow-menu > button")?.focus(), 100);
});

// A link to a tab opens it. On a narrow screen Gradio keeps some tabs in a menu, where they have no id.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-tab]");
  if (!link) return;
  event.preventDefault();
  const folded = [...document.querySelectorAll("#lab-tabs .overflow-dropdown button")];
  const tab = document.getElementById(`tab-${link.dataset.tab}-button`)
    ?? folded.find((button) => button.textContent.trim() === link.dataset.title);
  tab?.click();
  scrollTo(0, 0);
});

// A link to a place within the tab goes there; the address keeps the tab's name.
document.addEventListener("click", (event) => {
  const place = document.getElementById(event.target.closest("a[data-to]")?.dataset.to);
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.querySelector("button")?.focus({ preventScroll: true });
});

// A moment is written in the reader's own time zone and the page's language.
customElements.define("local-time", class extends HTMLElement {
  connectedCallback() {
    const moment = new Date(this.getAttribute("datetime"));
    if (isNaN(moment)) return;
    this.textContent = moment.toLocaleString("LANGUAGE", { dateStyle: "full", timeStyle: "short" });
    this.title = `${moment.toISOString()} · ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  }
});

// The code editor's own scroller cannot be reached by keyboard: it is made a stop of the Tab key.
// Gradio gives each radio button a name of its own: the arrow keys go from one to the next among those of one name.
new MutationObserver(() => {
  for (const each of document.querySelectorAll('.cm-scroller[tabindex="-1"]')) each.tabIndex = 0;
  for (const group of document.querySelectorAll("fieldset:has(input[type=radio])")) {
    const [first, ...others] = group.querySelectorAll("input[type=radio]");
    for (const each of others) if (each.name !== first.name) each.name = first.name;
  }
}).observe(document, { subtree: true, childList: true });
