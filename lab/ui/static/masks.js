// A mask drawn over a picture: brush, eraser, undo, invert, clear, and a rectangle by four numbers. The element's
// `data-to` names the text field that gets the mask, as the data URL of a PNG: white where something was marked.
// What is marked stays while the page is open, by picture (`data-key`), however often the element is made anew.
// All of it stands in a shadow tree: Gradio brings what is within its own elements back to what the server said.
{
  const COLOUR = "#d6006e", MOST_UNDONE = 20;
  const kept = new Map();

  const LOOK = `
    :host { display: grid; gap: 8px; }
    .mask-tools, .mask-rectangle { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; margin: 0; }
    label { display: inline-flex; align-items: center; gap: 4px; min-height: 28px; }
    input, button { font: inherit; }
    button { min-height: 28px; padding: 2px 10px; border: 1px solid var(--border-color-primary); cursor: pointer;
      border-radius: var(--radius-sm); background: var(--button-secondary-background-fill); color: var(--body-text-color); }
    :focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; }
    input[type="range"] { width: 90px; }
    input[type="range"], input[type="radio"] { accent-color: var(--color-accent); }
    .mask-rectangle { border: 1px solid var(--border-color-primary); border-radius: var(--radius-sm); padding: 4px 10px 8px; }
    legend { padding: 0 4px; font-size: 0.85rem; }
    input[type="number"] { width: 64px; padding: 2px 6px; border: 1px solid var(--input-border-color, currentColor);
      border-radius: var(--radius-sm); background: var(--input-background-fill); color: var(--body-text-color); }
    .mask-board { position: relative; width: fit-content; max-width: 100%; line-height: 0; }
    img { display: block; width: 360px; max-width: 100%; height: auto; }
    canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0.6; cursor: crosshair; touch-action: none; }
    .mask-status { margin: 0; font-size: 0.85rem; line-height: 1.4; }`;

  class LabMask extends HTMLElement {
    static observedAttributes = ["data-key"];

    connectedCallback() { this.build(); }
    attributeChangedCallback() { if (this.isConnected) this.build(); }

    build() {
      if (this.built === this.dataset.key) return;
      this.built = this.dataset.key;
      this.root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      this.texts = JSON.parse(this.dataset.texts);
      this.size = { width: Number(this.dataset.width), height: Number(this.dataset.height) };
      this.undone = [];
      const look = this.make("style", {}, LOOK);
      this.root.replaceChildren(look, this.tools(), this.board(), this.rectangle(), this.said());
      const before = kept.get(this.dataset.key);
      if (before) this.context.putImageData(before, 0, 0);
      this.tell();
    }

    make(tag, properties = {}, ...children) {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    }

    button(name, act) {
      return this.make("button", { type: "button", className: `mask-${name}`, onclick: act }, this.texts[name]);
    }

    tools() {
      const group = `tool-${this.dataset.to}`;
      const tool = (name, checked) => {
        const input = this.make("input", { type: "radio", name: group, value: name, checked });
        return this.make("label", {}, input, ` ${this.texts[name]}`);
      };
      this.brush = this.make("input", { type: "range", min: 4, max: 96, value: 32, className: "mask-size" });
      const size = this.make("label", {}, `${this.texts.size} `, this.brush);
      return this.make("div", { className: "mask-tools", role: "group", ariaLabel: this.texts.tools },
        tool("brush", true), tool("eraser", false), size,
        this.button("undo", () => this.undo()),
        this.button("invert", () => this.change(() => this.invert())),
        this.button("clear", () => this.change(() => this.context.clearRect(0, 0, this.size.width, this.size.height))));
    }

    board() {
      const picture = this.make("img", { src: this.dataset.src, alt: this.dataset.alt, draggable: false });
      this.canvas = this.make("canvas", this.size);
      this.canvas.setAttribute("aria-hidden", "true"); // the status says what is marked; numbers mark it by keyboard
      this.context = this.canvas.getContext("2d", { willReadFrequently: true });
      this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
      this.canvas.addEventListener("pointermove", (event) => this.line(event));
      for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.end());
      return this.make("div", { className: "mask-board" }, picture, this.canvas);
    }

    rectangle() {
      const { width, height } = this.size;
      const bounds = { left: width, top: height, right: width, bottom: height };
      const starts = { left: width / 4, top: height / 4, right: width * 3 / 4, bottom: height * 3 / 4 };
      this.numbers = {};
      const fields = Object.keys(bounds).map((name) => {
        const field = { type: "number", min: 0, max: bounds[name], value: Math.round(starts[name]), step: 1 };
        this.numbers[name] = this.make("input", { ...field, className: `mask-${name}` });
        return this.make("label", {}, `${this.texts[name]} `, this.numbers[name]);
      });
      const box = (name, act) => this.button(name, () => this.change(() => {
        const [left, top, right, bottom] = Object.values(this.numbers).map((field) => field.valueAsNumber || 0);
        this.context[act](left, top, Math.max(right - left, 0), Math.max(bottom - top, 0));
      }));
      return this.make("fieldset", { className: "mask-rectangle" },
        this.make("legend", {}, this.texts.rectangle), ...fields, box("mark", "fillRect"), box("unmark", "clearRect"));
    }

    said() {
      this.status = this.make("p", { className: "mask-status", role: "status" });
      return this.status;
    }

    pixels() { return this.context.getImageData(0, 0, this.size.width, this.size.height); }

    change(act) {
      this.undone.push(this.pixels());
      this.undone.splice(0, this.undone.length - MOST_UNDONE);
      this.context.fillStyle = COLOUR;
      act();
      this.tell();
    }

    undo() {
      const before = this.undone.pop();
      if (before) this.context.putImageData(before, 0, 0);
      this.tell();
    }

    invert() {
      this.context.globalCompositeOperation = "source-out";
      this.context.fillRect(0, 0, this.size.width, this.size.height);
      this.context.globalCompositeOperation = "source-over";
    }

    place(event) {
      const box = this.canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * this.size.width / box.width, (event.clientY - box.top) * this.size.height / box.height];
    }

    begin(event) {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.undone.push(this.pixels());
      this.undone.splice(0, this.undone.length - MOST_UNDONE);
      this.at = this.place(event);
      this.line(event);
    }

    line(event) {
      if (!this.at) return;
      const to = this.place(event), erases = this.root.querySelector("input[value=eraser]").checked;
      const context = this.context;
      Object.assign(context, { strokeStyle: COLOUR, lineWidth: Number(this.brush.value), lineCap: "round" });
      context.globalCompositeOperation = erases ? "destination-out" : "source-over";
      context.beginPath();
      context.moveTo(...this.at);
      context.lineTo(...to);
      context.stroke();
      context.globalCompositeOperation = "source-over";
      this.at = to;
    }

    end() {
      if (!this.at) return;
      this.at = null;
      this.tell();
    }

    // Keep what is marked, hand it on, and say how much it is and where.
    tell() {
      const { width, height } = this.size, seen = this.pixels(), mask = new ImageData(width, height);
      kept.set(this.dataset.key, seen);
      let count = 0, [left, top, right, bottom] = [width, height, -1, -1];
      for (let i = 0; i < width * height; i++) {
        const marked = seen.data[4 * i + 3] >= 128, gray = marked ? 255 : 0;
        mask.data.set([gray, gray, gray, 255], 4 * i);
        if (!marked) continue;
        count++;
        const x = i % width, y = (i - x) / width;
        left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
      }
      const values = { percent: Math.round(100 * count / (width * height)), left, top, right: right + 1, bottom: bottom + 1 };
      const words = count ? this.texts.marked : this.texts.nothing;
      this.status.textContent = words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
      const sheet = this.make("canvas", this.size);
      sheet.getContext("2d").putImageData(mask, 0, 0);
      this.hand(count ? sheet.toDataURL("image/png") : "");
    }

    hand(value, tries = 50) {
      const field = document.querySelector(`#${this.dataset.to} textarea, #${this.dataset.to} input`);
      if (!field) return tries && this.isConnected && setTimeout(() => this.hand(value, tries - 1), 100);
      if (field.value === value) return;
      const prototype = field.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(field, value);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  if (!customElements.get("lab-mask")) customElements.define("lab-mask", LabMask);
}
