// Sets the theme and the language before anything is drawn. Does nothing else: app.js does the rest.
(() => {
  const kept = name => { try { return JSON.parse(localStorage.getItem(`ragqa.${name}`)); } catch { return null; } };
  const theme = kept("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  const language = kept("language") || (navigator.languages || [navigator.language])[0] || "en";
  document.documentElement.lang = language.toLowerCase().startsWith("zh") ? "zh" : "en";
})();
