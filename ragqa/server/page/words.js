// The words of the interface, in English and Chinese. What the server says (answers, errors) stays as it is.

const WORDS = {
  skip: ["Skip to the question", "跳到提问框"],
  views: ["Views", "视图"],
  ask: ["Ask", "提问"],
  manuals: ["Manuals", "手册"],
  library: ["Library", "资料库"],
  otherLanguage: ["中文", "English"],
  dark: ["Dark colours", "深色"],
  welcome: ["What would you like to know?", "您想了解什么？"],
  welcomeText: ["Answers come from {documents}, each with the page that proves it.", "答案来自{documents}，并附上可以核对的页面。"],
  oneDocument: ["one manual", "一份手册"],
  someDocuments: ["{n} manuals", "{n} 份手册"],
  emptyLibrary: ["There is no manual here yet: add one under Manuals.", "这里还没有手册：请在“手册”中添加。"],
  unknownLibrary: ["There is no library “{name}” here; this is “{other}”.", "这里没有资料库“{name}”，当前为“{other}”。"],
  noLibraries: ["There is no library here yet.", "这里还没有资料库。"],
  in: ["In", "范围"],
  allManuals: ["all manuals", "全部手册"],
  clear: ["New conversation", "新对话"],
  cleared: ["The conversation was cleared.", "对话已清除。"],
  yourQuestion: ["Your question", "输入问题"],
  followUp: ["Ask a follow-up", "继续提问"],
  stop: ["Stop", "停止"],
  searching: ["Searching the manuals…", "正在查找手册…"],
  stopped: ["Stopped.", "已停止。"],
  tryAgain: ["Try again", "重试"],
  cut: ["The connection was cut before the answer was whole.", "连接中断，答案不完整。"],
  offline: ["The server can't be reached. Is it still running?", "无法连接服务器。它还在运行吗？"],
  answerTo: ["Answer to: {question}", "答案：{question}"],
  figures: ["Figures", "插图"],
  figure: ["Figure on page {n} of {document}", "{document} 第 {n} 页的插图"],
  sources: ["Sources", "出处"],
  source: ["Source {n}: {document}, {place}", "出处 {n}：{document}，{place}"],
  page: ["page {n}", "第 {n} 页"],
  pages: ["pages {n}–{end}", "第 {n}–{end} 页"],
  printed: ["printed {n}", "页码 {n}"],
  noPage: ["no page", "无页码"],
  notInManual: ["Not in the manual", "手册中没有"],
  nearest: ["Nearest passages", "最接近的段落"],
  confidence: ["Confidence {n} %", "可信度 {n} %"],
  unsupported: ["Not proven by the manual", "手册未能证实"],
  readAs: ["Read as: {words}", "理解为：{words}"],
  good: ["Good", "好"],
  bad: ["Bad", "不好"],
  goodAnswer: ["Good answer", "答案好"],
  badAnswer: ["Bad answer", "答案不好"],
  thanks: ["Noted, thank you.", "已记录，谢谢。"],
  better: ["What should it have said? (optional)", "应该怎样回答？（可不填）"],
  sendIt: ["Send", "发送"],
  share: ["Share", "分享"],
  link: ["Link to this question", "此问题的链接"],
  copied: ["The link was copied.", "链接已复制。"],
  close: ["Close", "关闭"],
  closePage: ["Close the page", "关闭页面"],
  previous: ["Previous page", "上一页"],
  next: ["Next page", "下一页"],
  zoomIn: ["Larger", "放大"],
  zoomOut: ["Smaller", "缩小"],
  outline: ["Outline", "目录"],
  asText: ["Text", "文字"],
  openPdf: ["Open the PDF at this page (new tab)", "在新标签页打开此页的 PDF"],
  pageOf: ["{n} of {pages}", "{n} / {pages}"],
  pageImage: ["{document}, page {n}", "{document}，第 {n} 页"],
  pageLit: ["{document}, page {n}, with the quote lit", "{document}，第 {n} 页，引文已标出"],
  pageText: ["Text of page {n}", "第 {n} 页的文字"],
  noImage: ["There is no picture of this page; this is its text.", "此页没有图像，以下是文字。"],
  loading: ["Loading…", "正在加载…"],
  choose: ["Add manuals", "添加手册"],
  drop: ["or drop files here.", "或把文件拖到这里。"],
  kinds: ["PDF, Word, HTML, Markdown, text, CSV.", "PDF、Word、HTML、Markdown、文本、CSV。"],
  readOnly: ["This server changes nothing: manuals can't be added or removed here.", "此服务器为只读：不能添加或删除手册。"],
  changes: ["Changes", "更改"],
  documents: ["Documents", "文档"],
  none: ["None yet.", "暂无。"],
  addedOn: ["added {date}", "添加于 {date}"],
  open: ["Open", "打开"],
  openIt: ["Open {name}", "打开 {name}"],
  remove: ["Remove", "删除"],
  removeIt: ["Remove {name}", "删除 {name}"],
  removeTitle: ["Remove {name}?", "删除 {name}？"],
  removeText: ["Its answers go with it. The file on your own disk stays.", "之后将无法再从中回答。您自己磁盘上的文件不受影响。"],
  keep: ["Keep it", "保留"],
  cancel: ["Cancel", "取消"],
  cancelIt: ["Cancel {name}", "取消 {name}"],
  dismissIt: ["Dismiss {name}", "移除提示 {name}"],
  sending: ["Sending", "正在上传"],
  waiting: ["Waiting", "等待中"],
  running: ["Working", "处理中"],
  reading: ["Reading", "正在读取"],
  embedding: ["Indexing", "正在建立索引"],
  removing: ["Removing", "正在删除"],
  added: ["Added", "已添加"],
  replaced: ["Replaced the older version", "已替换旧版本"],
  pageCount: ["{n} pages", "{n} 页"],
  unchanged: ["Skipped: it is here already", "已跳过：已经存在"],
  duplicate: ["The same file as {name}", "与 {name} 相同"],
  removed: ["Removed", "已删除"],
  failed: ["Skipped: {error}", "已跳过：{error}"],
  cancelled: ["Cancelled", "已取消"],
  tooLarge: ["it is larger than {n} MB, the most this server takes", "超过服务器上限 {n} MB"],
  tokenTitle: ["This server asks for a token", "此服务器需要令牌"],
  tokenText: ["Whoever runs it has given you one.", "请向服务器的管理者索取。"],
  token: ["Token", "令牌"],
  wrongToken: ["That is not the token.", "令牌不正确。"],
  goOn: ["Go on", "继续"],
};

const PLACES = { en: 0, zh: 1 };

/** Return the language of the interface: "en" or "zh". */
export const language = () => document.documentElement.lang;

/** Return the words named `key`, with `{name}` filled from `values`. */
export function say(key, values = {}) {
  return WORDS[key][PLACES[language()]].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Return "page 27" or "pages 12–13"; what a format without pages has. */
export function sayPages(page, end) {
  if (!page) return say("noPage");
  return end && end > page ? say("pages", { n: page, end }) : say("page", { n: page });
}

/** Return "one manual" or "3 manuals". */
export const sayManuals = n => (n === 1 ? say("oneDocument") : say("someDocuments", { n }));

/** Write the words into the elements of index.html that name theirs. */
export function fillWords() {
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}
