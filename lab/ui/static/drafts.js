// What is typed into a field of the class "draft" stays in this browser until it is sent or saved elsewhere, by
// student, assignment and field, whatever the language: a reload, another tab of the browser and a restart of
// the server find it again. So does the tab that is open.
{
  const FIELDS = "textarea, input[type=text], input[type=number], input[type=radio]";
  const masthead = () => document.querySelector("#lab-title [data-student]")?.dataset;
  const base = location.pathname.replace(/(en|fr)\/?$/, "");
  const known = new Set(), touched = new Set(), fresh = new Set();

  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const write = (key, value) => { try { localStorage.setItem(key, value); } catch { /* no room, or not allowed */ } };
  const keyOf = (box) => {
    const whose = masthead();
    return whose && box.id ? `genai-lab ${base} ${whose.student} ${whose.assignment} ${box.id}` : null;
  };
  const fields = (box) => [...box.querySelectorAll(FIELDS)];

  const valueOf = (box) => {
    const [first] = fields(box);
    if (!first) return null;
    if (first.type !== "radio") return first.value;
    return fields(box).find((each) => each.checked)?.value ?? null;
  };

  const put = (box, value) => {
    const [first] = fields(box);
    if (first.type === "radio") {
      fields(box).find((each) => each.value === value)?.click();
      return;
    }
    const kind = first.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(first, value);
    for (const name of ["input", "change", "blur"]) first.dispatchEvent(new Event(name, { bubbles: true }));
  };

  const keep = (box) => {
    const key = keyOf(box), value = valueOf(box);
    if (key && value !== null && known.has(box)) write(key, value);
  };
  const keepAll = () => document.querySelectorAll(".draft").forEach(keep);

  // A field is filled when it is there for the first time, unless its tab was opened to be filled otherwise.
  // Gradio may still be putting its own values in: a field nobody has touched since is filled once more.
  const meet = () => {
    for (const box of document.querySelectorAll(".draft")) {
      const key = keyOf(box);
      if (!key || known.has(box) || !fields(box).length) continue;
      known.add(box);
      const kept = read(key), panel = box.closest("[role=tabpanel]")?.id;
      if (kept === null || fresh.has(panel)) continue;
      const fill = () => {
        if (!touched.has(box) && !fresh.has(panel) && kept !== valueOf(box)) put(box, kept);
      };
      for (const wait of [0, 250, 700, 1500]) setTimeout(fill, wait);
    }
  };
  // A tab that the page itself is about to fill.
  window.labFresh = (tab) => fresh.add(`tab-${tab}`);
  new MutationObserver(() => setTimeout(meet, 150)).observe(document, { childList: true, subtree: true });

  for (const name of ["input", "change"]) document.addEventListener(name, (event) => {
    const box = event.target.closest?.(".draft");
    if (!box || !event.isTrusted) return;
    touched.add(box);
    keep(box);
  });
  document.addEventListener("click", (event) => { // a button of the page may change any field
    if (event.isTrusted) document.querySelectorAll(".draft").forEach((box) => known.has(box) && touched.add(box));
  }, true);
  // What the page itself put in or took out, such as after saving.
  addEventListener("pagehide", keepAll);
  document.addEventListener("visibilitychange", keepAll);

  // Which tab is open: `labRemember` is called by Gradio's event of the tab; the languages' links take it along.
  window.labTab ||= read(`genai-lab ${base} tab`) ?? "";
  window.labRemember = (id) => {
    history.replaceState(null, "", `#${id}`);
    write(`genai-lab ${base} tab`, id);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#lab-languages a[hreflang]");
    if (link) { keepAll(); link.hash = location.hash; }
  });
}
