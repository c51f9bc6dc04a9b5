// The mapping editor: keeps the draft, which the server does not, and filters lists.
"use strict";

(function () {
  const editor = document.getElementById("editor");
  const key = "tandem.draft." + location.pathname;
  const ask = { sent: null };

  const kept = function (what) {
    return sessionStorage.getItem(key + what);
  };
  const keep = function (what, text) {
    try {
      if (text) sessionStorage.setItem(key + what, text);
      else sessionStorage.removeItem(key + what);
    } catch {
      // The browser has no room for it: a reload will begin anew.
    }
  };
  let draft = kept("") || null;
  let isDropped = false;

  const shown = function () {
    return document.getElementById("draft").dataset;
  };

  const post = function (url, body) {
    return fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/yaml, application/json" },
      body: JSON.stringify(body),
    });
  };

  const say = function (text) {
    const told = document.createElement("div");
    told.className = "message error";
    told.textContent = text;
    document.getElementById("messages").replaceChildren(told);
  };

  // What the draft begins with: needed to make the file of it when somebody has saved another one.
  const keepBase = async function () {
    if (kept(".base")) return;
    const answer = await post(editor.dataset.fileUrl, { draft: null });
    const text = await answer.text();
    if (answer.ok && draft) keep(".base", text);
  };

  // The draft goes along with every request.
  document.addEventListener("tandem:body", function (event) {
    const body = event.detail.body;
    const element = event.detail.element;
    body.draft = draft;
    if (!("entity" in body)) body.entity = shown().entity || null;
    if (element.matches("tbody.line")) {
      const box = element.querySelector("[type=checkbox]");
      body.settings = body.settings || {};
      if (box) body.settings.enabled = box.checked;
    }
    const active = document.activeElement;
    ask.sent = active && "value" in active ? { id: active.id, value: active.value } : null;
  });

  // Some tools edit the saved file.
  const mark = function () {
    document.querySelectorAll("[data-needs-saved]").forEach(function (button) {
      button.disabled = draft !== null;
      button.title = draft ? "This edits the saved file: save your changes first, or drop them." : "";
    });
  };

  const take = function () {
    if (isDropped) return; // what still comes is of the draft that was dropped
    const now = shown();
    draft = now.draft || null;
    keep("", draft);
    mark();
    if (draft) keepBase();
    else keep(".base", null);
    document.querySelectorAll("#entities [aria-current]").forEach(function (link) {
      link.removeAttribute("aria-current");
    });
    if (!now.entity) return;
    const url = new URL(location.href);
    url.searchParams.set("entity", now.entity);
    url.searchParams.delete("saved"); // that is told once
    if (url.href !== location.href) history.replaceState(null, "", url);
    document.querySelectorAll("[data-of-entity]").forEach(function (link) {
      const there = new URL(link.href);
      there.searchParams.set("entity", now.entity);
      link.href = there.href;
    });
    document.querySelectorAll("#entities a").forEach(function (link) {
      if (new URL(link.href).searchParams.get("entity") === now.entity) link.setAttribute("aria-current", "true");
    });
  };

  // What is being typed while an answer comes stays.
  let typing = null;
  let open = new Set();
  let scrolled = 0;
  let inTool = "";
  document.addEventListener("htmx:beforeSwap", function () {
    const active = document.activeElement;
    inTool = active && active.closest("#tool") ? active.id : "";
    const typed = active && active.id && editor.contains(active) && active.matches("input:not([type=checkbox]):not([type=search])");
    const isNew = typed && !(ask.sent && ask.sent.id === active.id && ask.sent.value === active.value);
    typing = isNew ? { id: active.id, value: active.value } : null;
    open = new Set(Array.from(document.querySelectorAll("#entity details[open]"), (one) => one.id));
    const table = document.querySelector(".fields-scroll");
    scrolled = table ? table.scrollTop : 0;
  });
  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    if (event.detail.target && event.detail.target.id === "tool") {
      event.detail.target.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    }
  });
  let before = shown().entity;
  let taken = document.getElementById("draft");
  document.addEventListener("htmx:afterRequest", function () {
    // A refusal leaves the page, and the draft, as they are.
    if (document.getElementById("draft") === taken) return;
    taken = document.getElementById("draft");
    open.forEach(function (id) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    });
    if (typing) {
      const field = document.getElementById(typing.id);
      if (field && field.value !== typing.value) field.value = typing.value;
      typing = null;
    }
    const table = document.querySelector(".fields-scroll");
    if (table && before === shown().entity) table.scrollTop = scrolled;
    before = shown().entity;
    take();
    filterAll();
    focusAgain();
  });

  // Whoever works by keyboard goes on where he was, although that was replaced.
  const reachable = "a[href], button:not([disabled]), input:not([disabled], [type=hidden]), select:not([disabled])";
  let lastPlace = "";
  editor.addEventListener("focusin", function (event) {
    const place = event.target.closest("[id]");
    if (place) lastPlace = place.id;
  });
  const focusAgain = function () {
    if (document.activeElement && document.activeElement !== document.body) return;
    const place = document.getElementById(lastPlace);
    const there = place && (place.matches(reachable) ? place : place.querySelector(reachable));
    const target = there && there.checkVisibility() ? there : document.querySelector("#entity h2");
    if (target) target.focus();
  };
  document.addEventListener("htmx:afterSwap", function (event) {
    const field = event.detail.target.id === "tool" && inTool ? document.getElementById(inTool) : null;
    if (field) field.focus();
  });

  // Lists: what is searched for is shown.
  const states = document.getElementById("entity-state");
  const filterAll = function () {
    document.querySelectorAll("[data-filters]").forEach(function (search) {
      const list = document.querySelector(search.dataset.filters);
      if (!list) return;
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const only = list.id === "fields" && document.getElementById("only-mapped").checked;
      list.querySelectorAll("[data-name]").forEach(function (item) {
        const named = words.every((word) => item.dataset.name.includes(word));
        item.hidden = !named || (only && !("mapped" in item.dataset)) || !isInState(item);
      });
    });
  };
  const isInState = function (item) {
    if (!("state" in item.dataset) || !states.value) return true;
    return states.value === "faulty" ? "faulty" in item.dataset : item.dataset.state === states.value;
  };
  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-filters], #only-mapped, #entity-state")) filterAll();
  });

  // The list of entities by arrow keys.
  document.getElementById("editor").addEventListener("keydown", function (event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.closest("#entities, #entity-search")) return;
    const links = Array.from(document.querySelectorAll("#entities li:not([hidden]) a"));
    const next = links[links.indexOf(document.activeElement) + step];
    event.preventDefault();
    if (next) next.focus();
    else if (step < 0) document.getElementById("entity-search").focus();
  });

  const changed = function (element) {
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const asked = function (url, values, source) {
    htmx.ajax("POST", url, { source: source || editor, target: "#tool", swap: "innerHTML", values });
  };

  document.addEventListener("click", function (event) {
    const target = event.target instanceof Element ? event.target.closest("button, a") : null;
    if (!target) return;
    if (target.matches("[data-removes]")) {
      const form = target.form;
      const chips = target.closest(".chips");
      target.closest(".chip").remove();
      chips.querySelector("input:not([type=hidden])").focus();
      changed(form);
    } else if (target.matches("[data-adds]")) {
      target.previousElementSibling.focus();
    } else if (target.matches("[data-part]")) {
      const row = target.closest("tbody.line");
      const line = row ? JSON.parse(row.getAttribute("hx-vals")).line : undefined;
      const part = target.dataset.part;
      asked(editor.dataset.partUrl, line === undefined ? { part } : { part, line });
    } else if (target.matches("[data-filter]")) {
      asked(editor.dataset.filterUrl, { side: target.dataset.filter });
    } else if (target.matches("[data-empties]")) {
      target.form.querySelectorAll("input:not([type=hidden]), select").forEach((field) => (field.value = ""));
      target.form.requestSubmit();
    } else if (target.matches("[data-drops-draft]")) {
      isDropped = true;
      draft = null;
      keep("", null);
      keep(".base", null);
      location.reload();
    } else if (target.matches("[data-downloads]")) {
      download(target);
    }
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-asks-fields]")) {
      const line = event.target.dataset.asksFields;
      asked(editor.dataset.partUrl, { part: "lookup", line, lookup_entity: event.target.value });
    } else if (event.target.matches("[data-rebuilds]")) {
      asked(editor.dataset.partUrl, { part: "transform" }, event.target.form);
    }
  });

  const download = async function (button) {
    const answer = await post(button.dataset.downloads, { draft, base: kept(".base") });
    if (!answer.ok) {
      const told = await answer.json();
      say(told.problem + " " + (told.remedy || ""));
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = button.dataset.as;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // A reload: what was changed before is shown again.
  if (draft) {
    mark();
    const bar = document.getElementById("unsaved");
    bar.hidden = false;
    bar.querySelector("strong").textContent = "Unsaved changes of before";
    htmx.ajax("POST", editor.dataset.restoreUrl, { source: editor, values: { all: true } });
  } else take();
})();
