"use strict";
(() => {
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const SHOWN = 200;
  const data = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  const thin = number => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const plain = text => text.replace(/[\u202f\s]/g, "");
  document.documentElement.classList.add("js");

  const make = (name, settings, ...inside) => {
    const element = Object.assign(document.createElement(name), settings);
    element.append(...inside);
    return element;
  };

  // Numbers of notes: differences in digits of five bits, the sixth if another follows.
  const decode = text => {
    const found = [];
    let last = -1, shift = 0, value = 0;
    for (const digit of text) {
      const six = DIGITS.indexOf(digit);
      value += (six & 31) * 2 ** shift;
      if (six & 32) { shift += 5; continue; }
      last += value + 1;
      found.push(last);
      value = shift = 0;
    }
    return found;
  };

  // Texts without the beginning that each has in common with the one before.
  const unfold = texts => {
    let before = "";
    return texts.map(text => text === null ? null : (before = before.slice(0, DIGITS.indexOf(text[0])) + text.slice(1)));
  };

  let known = null;
  const notes = () => {
    if (known) return known;
    const sources = unfold(data.sources), ids = unfold(data.ids), long = data.keys.length / sources.length;
    known = sources.map((source, n) => ({ key: data.keys.slice(long * n, long * (n + 1)), source, id: ids[n], a: "", s: "", t: "", d: "" }));
    for (const [name, [label, , , coded]] of Object.entries(data.sets)) {
      if (/^[astd]\d/.test(name)) for (const n of decode(coded)) known[n][name[0]] = label.slice(label.indexOf(" ") + 1);
    }
    return known;
  };

  const among = names => names.map(name => decode(data.sets[name][3])).reduce((found, more) => {
    const other = new Set(more);
    return found.filter(n => other.has(n));
  });

  const copy = async (text, button) => {
    const told = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const area = make("textarea", { value: text, readOnly: true });
      panel.append(area);
      area.select();
      button.textContent = document.execCommand("copy") ? "Copied" : "Could not be copied";
      area.remove();
      button.focus();
    }
    setTimeout(() => { button.textContent = told; }, 1500);
  };

  // ---- the list of notes behind a number

  const open = button => {
    const names = button.dataset.s.split(" ");
    const sets = names.map(name => data.sets[name]);
    const found = among(names).map(n => notes()[n]);
    // Of codes there may be more than of notes: of a set alone the number of notes is known.
    const all = names.length === 1 ? sets[0][2] : Number(plain(button.closest("[data-whole]")?.dataset.whole ?? button.textContent));
    const query = `SELECT note, source, id FROM notes\nWHERE ${sets.map(set => set[1]).join("\n  AND ")}\nORDER BY source, note;`;
    const rows = make("tbody");
    const state = make("p", { className: "foot" });
    state.setAttribute("aria-live", "polite");
    const find = make("input", { type: "search", placeholder: "id, source, author …" });
    const more = make("button", { type: "button", className: "act", textContent: "Show all" });
    let limit = SHOWN;
    const fields = note => [note.id ?? "", note.source, note.key, note.d, note.a, note.s, note.t];
    const show = () => {
      const words = find.value.toLowerCase();
      const fitting = words ? found.filter(note => fields(note).join("\n").toLowerCase().includes(words)) : found;
      rows.replaceChildren(...fitting.slice(0, limit).map(note => make("tr", {}, ...fields(note).map((text, n) =>
        make("td", { textContent: text, className: n === 2 ? "code" : "" })))));
      state.textContent = fitting.length > limit ? `${thin(limit)} of ${thin(fitting.length)} are shown.` : words ? `${thin(fitting.length)} fit.` : "";
      more.hidden = fitting.length <= limit;
    };
    find.addEventListener("input", show);
    more.addEventListener("click", () => { limit = Infinity; show(); });
    const close = make("button", { type: "button", className: "act", textContent: "Close" });
    close.addEventListener("click", () => panel.close());
    const list = make("button", { type: "button", className: "act", textContent: "Copy this list" });
    list.addEventListener("click", () => copy(["id\tsource\tnote\tmonth\tauthor\tsite\ttemplate", ...found.map(note => fields(note).join("\t"))].join("\n"), list));
    const ask = make("button", { type: "button", className: "act", textContent: "Copy the query" });
    ask.addEventListener("click", () => copy(query, ask));
    const told = found.length === all ? `All ${thin(all)} notes.` : `The first ${thin(found.length)} of ${thin(all)} notes; the query gives all.`;
    panel.replaceChildren(
      make("div", { className: "top" }, make("h2", { id: "panel-title", textContent: sets.map(set => set[0]).reverse().join(" · ") }), close),
      make("p", { className: "say", textContent: all === 1 && found.length === 1 ? "One note." : told }),
      make("div", { className: "tools" }, make("label", {}, "Find ", find), list, ask, more),
      make("table", {}, make("thead", {}, make("tr", {}, ...["Own id", "Source", "Key", "Month", "Author", "Site", "Template"].map(text =>
        make("th", { textContent: text, scope: "col" })))), rows),
      state,
      make("h3", { textContent: "All of them, with DuckDB in the folder of the run" }),
      make("pre", { textContent: query }),
    );
    show();
    panel.showModal();
    close.focus();
  };
  document.addEventListener("click", event => {
    const button = event.target.closest?.("button[data-s]");
    if (button) open(button);
    else if (event.target === panel) panel.close();
  });

  // ---- tables: sorted by a column, filtered, from number to number with the arrow keys

  const valueOf = cell => {
    if (!cell) return null;
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = (cell.querySelector("button, .code") ?? cell).textContent.trim();
    const number = plain(text).replace("%", "");
    return number !== "" && !Number.isNaN(Number(number)) ? Number(number) : text;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === typeof b) return String(a).localeCompare(String(b), "en", { numeric: true });
    return typeof a === "number" ? 1 : -1;
  };

  for (const sheet of document.querySelectorAll(".sheet")) {
    const table = sheet.querySelector("table"), body = table.tBodies[0];
    const rows = [...body.rows], few = Number(sheet.dataset.few);
    let order = rows, whole = false, words = "", least = 1;
    const state = make("span");
    state.setAttribute("aria-live", "polite");
    const more = make("button", { type: "button" });
    const show = () => {
      const fitting = order.filter(row => (!words || row.textContent.toLowerCase().includes(words)) && (least <= 1 || valueOf(row.cells[1]) >= least));
      const cut = whole || words ? fitting.length : few;
      const shown = new Set(fitting.slice(0, cut));
      for (const row of rows) row.hidden = !shown.has(row);
      state.textContent = shown.size < rows.length ? `${thin(shown.size)} of ${thin(rows.length)} rows` : `${thin(rows.length)} rows`;
      more.hidden = Boolean(words) || fitting.length <= few;
      more.textContent = whole ? `The first ${few}` : `All ${thin(fitting.length)}`;
    };
    if (rows.length > Math.min(few, 10)) {
      const find = make("input", { type: "search" });
      find.addEventListener("input", () => { words = find.value.toLowerCase(); show(); });
      const tools = make("div", { className: "tools" }, make("label", {}, "Find ", find));
      if (sheet.dataset.least !== undefined) {
        const number = make("input", { type: "number", min: 1, value: 1 });
        number.addEventListener("input", () => { least = Number(number.value) || 1; show(); });
        tools.append(make("label", {}, "at least ", number, " notes"));
      }
      more.addEventListener("click", () => { whole = !whole; show(); });
      tools.append(state, more);
      sheet.prepend(tools);
    }
    for (const [column, head] of [...table.querySelectorAll(".heads th")].entries()) {
      if (body.rows[0].cells[column]?.classList.contains("parts")) continue;
      // No button element: browsers leave those out where they repeat the head of a table on the next printed page.
      const handle = make("span", { tabIndex: 0, role: "button" }, ...(head.querySelector(".rate > span")?.childNodes ?? head.childNodes));
      (head.querySelector(".rate > span") ?? head).append(handle);
      handle.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        handle.click();
      });
      handle.addEventListener("click", () => {
        const first = head.classList.contains("n") ? "descending" : "ascending";
        const now = head.getAttribute("aria-sort") === first ? (first === "ascending" ? "descending" : "ascending") : first;
        for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", now);
        const sign = now === "ascending" ? 1 : -1;
        order = [...order].sort((a, b) => sign * compare(valueOf(a.cells[column]), valueOf(b.cells[column])));
        body.append(...order);
        show();
      });
    }
    show();
  }

  for (const table of document.querySelectorAll("main table")) {
    const numbers = [...table.querySelectorAll("button[data-s]")];
    numbers.forEach((button, n) => { button.tabIndex = n ? -1 : 0; });
    const go = (from, to) => {
      from.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    };
    table.addEventListener("keydown", event => {
      const button = event.target.closest("button[data-s]");
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!button || !step) return;
      event.preventDefault();
      const cell = button.closest("td, th");
      const all = [...table.rows].filter(row => !row.hidden);
      let row = all.indexOf(cell.parentElement), column = cell.cellIndex;
      for (;;) {
        row += step[0];
        column += step[1];
        if (!all[row] || column < 0 || column > 200) return;
        const next = all[row].cells[column]?.querySelector("button[data-s]");
        if (next) { go(button, next); return; }
      }
    });
  }
})();
