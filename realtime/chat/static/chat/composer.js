// The field in which one writes: it grows, Enter sends, Shift+Enter breaks the line.

const TALLEST = 0.4; // of the window

export class Composer {
  #form;
  #field;
  #banner;
  #key;
  #on;
  #kept = ""; // what was being written when an edit began
  /** The id of the message that is being edited. */
  editing = null;

  /**
   * `key` is where the draft is kept over a reload.
   * @param {{send: (text: string) => void, edit: (id: string, text: string) => void, typing: () => void, editLast: () => void}} on
   */
  constructor(form, key, on) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#banner = form.querySelector("#editing");
    this.#key = key;
    this.#on = on;
    form.addEventListener("submit", (event) => this.#submit(event));
    this.#field.addEventListener("keydown", (event) => this.#keydown(event));
    this.#field.addEventListener("input", () => this.#typed());
    form.querySelector("#cancel").addEventListener("click", () => this.cancel());
    // What was written before the scripts had come is newer than the draft.
    this.#field.value ||= recall(key);
    form.querySelector("[type=submit]").disabled = false;
    this.#fit();
  }

  focus() { this.#field.focus(); }

  /** Takes a message back into the field. */
  edit(id, text) {
    if (!this.editing) this.#kept = this.#field.value;
    this.editing = id;
    this.#show(text);
    this.#field.setSelectionRange(text.length, text.length);
    this.focus();
  }

  /** Leaves the message as it is. */
  cancel() {
    if (!this.editing) return;
    this.editing = null;
    this.#show(this.#kept);
    this.focus();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (!text) return;
    const id = this.editing;
    this.editing = null;
    this.#show(id ? this.#kept : "");
    if (id) this.#on.edit(id, text);
    else this.#on.send(text);
    this.focus();
  }

  #keydown(event) {
    // Enter while a word is being composed, as in Japanese, takes the word.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
    if (event.key === "Escape") this.cancel();
    if (event.key === "ArrowUp" && !this.#field.value) {
      event.preventDefault();
      this.#on.editLast();
    }
  }

  #typed() {
    this.#fit();
    if (!this.editing) keep(this.#key, this.#field.value);
    if (this.#field.value.trim()) this.#on.typing();
  }

  #show(text) {
    this.#field.value = text;
    this.#banner.hidden = !this.editing;
    if (!this.editing) keep(this.#key, text);
    this.#fit();
  }

  #fit() {
    const field = this.#field;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + field.offsetHeight - field.clientHeight, innerHeight * TALLEST)}px`;
  }
}

// A browser may keep nothing for this site.
function recall(key) {
  try { return sessionStorage.getItem(key) ?? ""; } catch { return ""; }
}

function keep(key, text) {
  try { sessionStorage.setItem(key, text); } catch { /* only the draft is lost */ }
}
