// Earlier pages of the room, and the newest one anew.

const AGAIN_MS = 2000; // before the newest page is asked for again, and up to twice that

export class History {
  #timeline;
  #button;
  #scroller;
  #show;
  #request = 0; // the newest one counts, an older one's answer is too late
  #busy = false;
  #meanwhile = []; // events that a page on its way may be too old to know

  /** `show(change)` shows all of the timeline after a change, and nothing moves under the reader's eyes. */
  constructor(timeline, button, scroller, show) {
    this.#timeline = timeline;
    this.#button = button;
    this.#scroller = scroller;
    this.#show = show;
    button.addEventListener("click", () => this.earlier());
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.earlier(), {
      root: scroller,
      rootMargin: "400px 0px 0px",
    }).observe(button);
    this.#settle("Show earlier messages");
  }

  /** Every event that the page takes in. */
  heard(event) {
    if (this.#busy) this.#meanwhile.push(event);
  }

  async earlier() {
    if (this.#busy || !this.#timeline.more) return;
    this.#button.textContent = "Loading earlier messages …";
    try {
      await this.#load(`?before=${this.#timeline.first}`, (page) => this.#timeline.extend(page));
      this.#settle("Show earlier messages");
    } catch {
      this.#settle("Earlier messages could not be loaded. Try again");
    }
  }

  /** The newest page instead of what is here: after a gap what came in between is missing. */
  async reload() {
    try {
      await this.#load("", (page) => this.#timeline.reset(page));
      this.#settle("Show earlier messages");
    } catch {
      setTimeout(() => this.reload(), AGAIN_MS * (1 + Math.random()));
    }
  }

  async #load(query, take) {
    const request = ++this.#request;
    if (!this.#busy) this.#meanwhile = [];
    this.#busy = true;
    try {
      const page = await load(query);
      if (request !== this.#request) return;
      this.#show(() => {
        take(page);
        // The same event twice changes nothing.
        this.#meanwhile.forEach((event) => this.#timeline.apply(event));
      });
    } finally {
      if (request === this.#request) this.#busy = false;
    }
  }

  #settle(words) {
    this.#button.textContent = words;
    // A button that goes must not take the focus with it.
    if (!this.#timeline.more && this.#button === document.activeElement)
      this.#scroller.querySelector('[data-part="message"]')?.focus();
    this.#button.hidden = !this.#timeline.more;
  }
}

async function load(query) {
  const answer = await fetch(location.pathname + query, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}
