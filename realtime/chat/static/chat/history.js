// Earlier pages of the room, and the newest one anew.

export class History {
  #timeline;
  #button;
  #show;
  #busy = false;

  /** `show(change)` shows all of the timeline after a change, and nothing moves under the reader's eyes. */
  constructor(timeline, button, scroller, show) {
    this.#timeline = timeline;
    this.#button = button;
    this.#show = show;
    button.addEventListener("click", () => this.earlier());
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.earlier(), {
      root: scroller,
      rootMargin: "400px 0px 0px",
    }).observe(button);
    this.#settle();
  }

  async earlier() {
    if (this.#busy || !this.#timeline.more) return;
    this.#busy = true;
    this.#button.textContent = "Loading earlier messages …";
    try {
      const page = await load(`?before=${this.#timeline.first}`);
      this.#show(() => this.#timeline.extend(page));
      this.#button.textContent = "Show earlier messages";
    } catch {
      this.#button.textContent = "Earlier messages could not be loaded. Try again";
    } finally {
      this.#busy = false;
      this.#settle();
    }
  }

  /** The newest page instead of what is here. */
  async reload() {
    const page = await load("");
    this.#show(() => this.#timeline.reset(page));
    this.#settle();
  }

  #settle() { this.#button.hidden = !this.#timeline.more; }
}

async function load(query) {
  const answer = await fetch(location.pathname + query, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}
