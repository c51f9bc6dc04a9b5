// What the pages do beside htmx: JSON bodies, dialogs, and ways into the Airflow around them.
"use strict";

// Forms are sent as JSON. `name` is a text, `name[]` a list of texts, `a.b` a value within `a`;
// a checkbox is true or false, an empty field of class "or-null" is null.
function jsonBody(form, parameters) {
  const body = {};
  const set = function (path, value) {
    const keys = path.split(".");
    const last = keys.pop();
    let at = body;
    for (const key of keys) at = at[key] = at[key] || {};
    at[last] = value;
  };
  const seen = new Set();
  for (const [name, value] of parameters.entries()) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.endsWith("[]")) set(name.slice(0, -2), parameters.getAll(name));
    else set(name, value);
  }
  const fields = form.elements ? Array.from(form.elements) : form.name ? [form] : [];
  for (const field of fields) {
    if (!field.name || field.disabled) continue;
    if (field.name.endsWith("[]")) {
      if (!seen.has(field.name)) set(field.name.slice(0, -2), []);
    } else if (field.type === "checkbox") set(field.name, field.checked);
    else if (field.classList.contains("or-null") && field.value === "") set(field.name, null);
  }
  return body;
}

htmx.defineExtension("json-body", {
  onEvent: function (name, event) {
    if (name === "htmx:configRequest" && event.detail.verb !== "get") {
      event.detail.headers["Content-Type"] = "application/json";
    }
    return true;
  },
  encodeParameters: function (xhr, parameters, element) {
    xhr.overrideMimeType("text/html");
    const form = element.form && element.tagName !== "FORM" ? element.form : element;
    const body = jsonBody(form, parameters);
    // What a page keeps in the browser goes along: see mapping.js.
    document.dispatchEvent(new CustomEvent("tandem:body", { detail: { element, body } }));
    return JSON.stringify(body);
  },
});

document.addEventListener("click", function (event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  const way = target.closest("a[data-airflow]");
  if (way && window.parent !== window) {
    // The sandbox around this page lets no link out: Airflow's own router is told where to go.
    event.preventDefault();
    window.parent.history.pushState({}, "", way.href);
    window.parent.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  }
});

// Something was swapped in that is to be seen at once: <dialog data-open>.
document.addEventListener("htmx:afterSwap", function () {
  for (const dialog of document.querySelectorAll("dialog[data-open]")) {
    if (!dialog.open) dialog.showModal();
    dialog.removeAttribute("data-open");
  }
});

// A dialog that took the place of another one cannot give the focus back by itself.
let lastOutside = null;
document.addEventListener("focusin", function (event) {
  if (!event.target.closest("dialog")) lastOutside = event.target;
});
document.addEventListener("close", function (event) {
  const active = document.activeElement;
  const isLost = active === document.body || event.target.contains(active);
  if (isLost && lastOutside) lastOutside.focus();
}, true);

// A refusal is seen where somebody looks: in the dialog that is open, or where the page is.
document.addEventListener("htmx:afterSwap", function (event) {
  if (event.detail.target.id !== "messages") return;
  const dialog = document.querySelector("dialog[open]");
  if (!dialog) {
    event.detail.target.scrollIntoView({ block: "nearest" });
    return;
  }
  dialog.querySelectorAll(".told-here").forEach((told) => told.remove());
  const told = document.createElement("div");
  told.className = "told-here";
  told.setAttribute("role", "alert");
  told.append(...event.detail.target.cloneNode(true).childNodes);
  dialog.prepend(told);
});

// What went well makes an earlier complaint untrue.
document.addEventListener("htmx:beforeRequest", function (event) {
  if (event.detail.requestConfig.verb !== "get") document.getElementById("messages").replaceChildren();
});
document.addEventListener("htmx:sendError", function () {
  const told = document.createElement("div");
  told.className = "message error";
  told.textContent = "Airflow does not answer. Is it running?";
  document.getElementById("messages").replaceChildren(told);
});
