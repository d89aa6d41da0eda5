// Light or dark: as the person chose, else as the system has it. Runs before anything is drawn.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = root.hasAttribute("data-bs-theme");
  const follow = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  if (!chosen) {
    follow();
    dark.addEventListener("change", follow);
  }
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
      root.setAttribute("data-bs-theme", next);
      dark.removeEventListener("change", follow);
      document.cookie = `gecit_theme=${next}; path=/gecit; max-age=31536000; SameSite=Lax`;
      document.dispatchEvent(new CustomEvent("gecit:theme"));
    });
  });
})();
