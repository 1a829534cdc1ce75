// Before the page is drawn: the theme that the reader chose on another page.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // no storage: the system's theme
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
