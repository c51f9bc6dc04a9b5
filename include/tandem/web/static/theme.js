// Light or dark, as the Airflow around this page is; alone, as the system is. Before anything is drawn.
"use strict";
(function () {
  function theirs() {
    try {
      const classes = window.parent.document.documentElement.classList;
      if (classes.contains("dark")) return "dark";
      if (classes.contains("light")) return "light";
    } catch (_) { /* another origin is around it */ }
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  function follow() {
    document.documentElement.dataset.theme = theirs();
  }
  follow();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
  try {
    if (window.parent !== window) {
      const page = window.parent.document.documentElement;
      new MutationObserver(follow).observe(page, { attributes: true, attributeFilter: ["class"] });
    }
  } catch (_) { /* another origin is around it */ }
})();
