// What a reader works with on every page: theme, navigation on narrow screens, search.
/* global MiniSearch */
{
  const page = document.documentElement;
  const root = page.dataset.root;

  setUpTheme(document.querySelector("button.theme"));
  setUpMenu(document.querySelector("button.menu"), document.getElementById("navigation"));
  setUpSearch(document.getElementById("search"), document.getElementById("results"));
  for (const block of document.querySelectorAll("pre")) addCopyButton(block);
  showInNavigation(document.querySelector("[aria-current]"));

  function setUpTheme(button) {
    const isDark = () =>
      page.dataset.theme === undefined
        ? matchMedia("(prefers-color-scheme: dark)").matches
        : page.dataset.theme === "dark";
    const show = () => {
      button.textContent = isDark() ? "☀" : "☾";
      button.setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme");
    };
    button.addEventListener("click", () => {
      page.dataset.theme = isDark() ? "light" : "dark";
      try {
        localStorage.setItem("theme", page.dataset.theme);
      } catch {
        // no storage: the choice is for this page
      }
      show();
    });
    show();
    button.hidden = false;
  }

  /** Scrolls the navigation alone; `scrollIntoView` would scroll the page, too. */
  function showInNavigation(link) {
    if (link === null) return;
    const side = link.closest(".side");
    side.scrollTop = link.offsetTop - side.offsetTop - side.clientHeight / 2;
  }

  /** Of a session of commands the commands are copied, without what they print. */
  function addCopyButton(block) {
    if (navigator.clipboard === undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const text = block.querySelector("code").textContent;
      const commands = Array.from(text.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm), ([, command]) => command);
      await navigator.clipboard.writeText(commands.length > 0 ? commands.join("\n") : text);
      button.textContent = "Copied";
    });
    block.append(button);
  }

  function setUpMenu(button, navigation) {
    button.addEventListener("click", () => {
      const isOpen = navigation.classList.toggle("open");
      button.setAttribute("aria-expanded", String(isOpen));
    });
  }

  /** The index is built from the texts of all pages when the search is first used. */
  function setUpSearch(input, results) {
    let index;
    let rows = [];
    let state = "unused";
    window.searchData = (sections) => {
      rows = sections;
    };

    const load = async () => {
      if (state !== "unused") return;
      state = "loading";
      await addScript("assets/minisearch.js");
      await addScript("assets/search-data.js");
      index = new MiniSearch({ fields: ["heading", "title", "text"], searchOptions: SEARCH });
      await index.addAllAsync(
        rows.map(([, , title, heading, text], id) => ({ id, title, heading, text })),
        { chunkSize: 100 },
      );
      state = "ready";
      search();
    };

    const SEARCH = {
      boost: { heading: 4, title: 3 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 5 ? 0.15 : false),
      combineWith: "AND",
      boostDocument: (id) => WEIGHTS[rows[id][5]] ?? 1,
    };

    const search = () => {
      const query = input.value.trim();
      results.hidden = query === "";
      if (results.hidden) return;
      if (state !== "ready") return say("Reading the index …");
      const found = index.search(query);
      if (found.length === 0) return say(`Nothing found for “${query}”`);
      results.replaceChildren(...found.slice(0, MOST_SHOWN).map(({ id, terms }) => entry(rows[id], terms)));
    };

    const say = (text) => {
      const line = document.createElement("p");
      line.textContent = text;
      line.setAttribute("role", "status");
      results.replaceChildren(line);
    };

    input.disabled = false;
    input.addEventListener("focus", load);
    input.addEventListener("input", () => {
      load();
      search();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter") results.querySelector("a")?.click();
      if (event.key === "ArrowDown") move(event, results.querySelector("a"));
    });
    results.addEventListener("keydown", (event) => {
      const here = document.activeElement;
      if (event.key === "Escape") close();
      if (event.key === "ArrowDown") move(event, here.nextElementSibling);
      if (event.key === "ArrowUp") move(event, here.previousElementSibling ?? input);
    });
    results.addEventListener("click", () => close());
    document.addEventListener("click", ({ target }) => {
      if (!input.parentElement.contains(target)) results.hidden = true;
    });
    document.addEventListener("keydown", (event) => {
      const isTyping = /^(input|textarea|select)$/i.test(document.activeElement?.tagName ?? "");
      if (event.key === "/" && !isTyping) move(event, input);
    });

    function close() {
      results.hidden = true;
      input.focus();
    }

    function move(event, element) {
      if (!element) return;
      event.preventDefault();
      element.focus();
    }
  }

  /** What readers look for most stands first. */
  const WEIGHTS = {
    Start: 1.5,
    Guides: 1.5,
    "Quality and cost": 1.2,
    Methods: 1.2,
    API: 0.7,
    Project: 0.5,
    Decisions: 0.25,
  };
  const MOST_SHOWN = 20;
  const BEFORE = 40;
  const SHOWN = 140;

  function entry([path, anchor, title, heading, text, section], terms) {
    const link = document.createElement("a");
    link.href = `${root}${path}#${anchor}`;
    const name = document.createElement("strong");
    name.textContent = heading;
    const place = document.createElement("small");
    place.textContent = [section, title === heading ? "" : title].filter(Boolean).join(" › ");
    const words = document.createElement("span");
    mark(words, excerpt(text, terms), terms);
    link.append(name, place, words);
    return link;
  }

  /** The part of a text with most of the words that were found, from a little before the first of them. */
  function excerpt(text, terms) {
    const lower = text.toLowerCase();
    const places = terms.flatMap((term) => Array.from(lower.matchAll(escaped(term)), ({ index }) => index));
    const wordsFrom = (start) =>
      terms.filter((term) => lower.slice(start, start + SHOWN).includes(term)).length;
    const [best = 0] = places.slice(0, 200).sort((a, b) => wordsFrom(b) - wordsFrom(a) || a - b);
    const from = best <= BEFORE ? 0 : text.indexOf(" ", best - BEFORE) + 1;
    return `${from > 0 ? "… " : ""}${text.slice(from, from + BEFORE + SHOWN)}`;
  }

  function escaped(term) {
    return new RegExp(term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
  }

  /** Puts a text into an element, with the words that were found marked. */
  function mark(element, text, terms) {
    const pattern = terms.map((term) => escaped(term).source).join("|");
    for (const [place, part] of text.split(new RegExp(`(${pattern})`, "gi")).entries()) {
      const piece = document.createElement(place % 2 === 1 ? "mark" : "span");
      piece.textContent = part;
      element.append(piece);
    }
  }

  function addScript(path) {
    return new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.src = root + path;
      script.onload = loaded;
      script.onerror = () => failed(new Error(`${path} cannot be read`));
      document.head.append(script);
    });
  }
}
