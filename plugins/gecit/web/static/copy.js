// The button that copies what was made; without scripts, or where the browser keeps no clipboard, it is marked by a click.
document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("copy");
  const made = document.getElementById("made");
  if (!button || !made || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(made.textContent);
    } catch {
      getSelection().selectAllChildren(made);
      return;
    }
    button.textContent = button.dataset.done;
    document.getElementById("copied").textContent = button.dataset.done;
  });
});
